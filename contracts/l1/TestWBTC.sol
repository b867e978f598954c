// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title TestWBTC
/// @notice For tests and development chains only: whoever asks gets coins.
contract TestWBTC is ERC20 {
    /// @notice More than this is asked for in several calls.
    error FaucetLimitExceeded(uint256 given, uint256 limit);

    /// @notice 100 WBTC a call.
    uint256 public constant FAUCET_LIMIT = 100e8;

    constructor() ERC20("Wrapped BTC", "WBTC") {}

    /// @notice Mints `amount` satoshi to `to`.
    function faucet(address to, uint256 amount) external {
        require(amount <= FAUCET_LIMIT, FaucetLimitExceeded(amount, FAUCET_LIMIT));

        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 8;
    }
}
