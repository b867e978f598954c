// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IL1StandardBridge} from "../../../contracts/interfaces/IL1StandardBridge.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @notice Takes what it is given as the L1StandardBridge does, and tells what it was told. The real bridge is at work in
///         the end-to-end tests.
contract RecordingBridge is IL1StandardBridge {
    using SafeERC20 for IERC20;

    event Erc20Bridged(
        address from, address localToken, address remoteToken, address to, uint256 amount, uint32 gas
    );
    event EtherBridged(address from, address to, uint256 amount, uint32 gas);

    function bridgeERC20To(
        address localToken,
        address remoteToken,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata
    ) external {
        IERC20(localToken).safeTransferFrom(msg.sender, address(this), amount);
        emit Erc20Bridged(msg.sender, localToken, remoteToken, to, amount, minGasLimit);
    }

    function bridgeETHTo(address to, uint32 minGasLimit, bytes calldata) external payable {
        emit EtherBridged(msg.sender, to, msg.value, minGasLimit);
    }
}
