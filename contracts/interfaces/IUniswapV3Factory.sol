// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The part of Uniswap v3's factory that listing needs.
interface IUniswapV3Factory {
    /// @notice The grid of ticks that belongs to a fee, in millionths; 0 for a fee that no pool can have.
    function feeAmountTickSpacing(uint24 fee) external view returns (int24);
}
