// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3Pool.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Swaps in a pool with what it holds: what trading costs without any contract of ours.
contract PoolTrader {
    IERC20 private _token0;
    IERC20 private _token1;

    function swap(IUniswapV3Pool pool, IERC20 tokenIn, IERC20 tokenOut, int256 amount)
        external
        returns (uint256 paid, uint256 got)
    {
        bool zeroForOne = tokenIn < tokenOut;
        (_token0, _token1) = zeroForOne ? (tokenIn, tokenOut) : (tokenOut, tokenIn);
        uint160 limit =
            zeroForOne ? 4_295_128_740 : 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;
        (int256 amount0, int256 amount1) = pool.swap(address(this), zeroForOne, amount, limit, "");
        (int256 into, int256 out) = zeroForOne ? (amount0, amount1) : (amount1, amount0);
        // forge-lint: disable-next-line(unsafe-typecast)
        return (uint256(into), uint256(-out));
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        // forge-lint: disable-start(unsafe-typecast)
        if (amount0 > 0) require(_token0.transfer(msg.sender, uint256(amount0)), "refused");
        if (amount1 > 0) require(_token1.transfer(msg.sender, uint256(amount1)), "refused");
        // forge-lint: disable-end(unsafe-typecast)
    }
}
