// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The part of a Uniswap v3 pool that trading needs.
interface IUniswapV3Pool {
    /// @return sqrtPriceX96 The root of what one base unit of token 0 is worth in token 1, times 2^96; 0 before
    ///         initialisation.
    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );

    /// @notice Sends out, then calls the caller back and expects to have been paid after it.
    /// @param amountSpecified What goes in; or, negated, what comes out.
    /// @return amount0 What the pool got of token 0, negative for what it gave.
    /// @return amount1 The same of token 1.
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);
}
