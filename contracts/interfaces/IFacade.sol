// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxId} from "../types/BoxId.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @notice One id of the ledger as an ERC-20 with permits. Balances and supply are the ledger's; only allowances live here.
/// @dev 18 decimals: 1e18 is one unit of hashrate.
interface IFacade is IERC20Metadata, IERC20Permit, IERC5267 {
    error NotLedger(address caller, address ledger);
    error PermitExpired(uint256 deadline, uint256 timestamp);
    error PermitNotByOwner(address signer, address owner);

    function ledger() external view returns (address);

    function id() external view returns (BoxId);

    /// @notice Emits the `Transfer` of a move that did not start here. Only the ledger may call.
    function recordTransfer(address from, address to, uint256 amount) external;
}
