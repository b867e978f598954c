// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice Prices between the ledger's way, index values, and Uniswap v3's, roots and ticks.
/// @dev An index value P is worth P / 1e36 base units of cash for one base unit of a position, both of 18 decimals and
///      of scale 1e18. Uniswap counts token 1 in token 0, as the root times 2^96, and rounds its logarithm to the base
///      of 1.0001 down to a tick. Which of the two is the position depends on the addresses.
library PoolPrice {
    using SafeCast for uint256;

    /// @notice The span of Uniswap's prices, which swaps without a limit of their own name less one at either end.
    uint160 internal constant MIN_SQRT_X96 = 4_295_128_739;
    uint160 internal constant MAX_SQRT_X96 =
        1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342;
    int24 internal constant MAX_TICK = 887_272;

    /// @dev The root of the scale of prices, 1e36.
    uint256 private constant ROOT_SCALE = 1e18;
    uint256 private constant BPS = 10_000;
    /// @dev 2^64 · 2 / log2(1.0001): a root that doubles is this many ticks higher.
    int256 private constant TICKS_PER_DOUBLING_X64 = 255_738_958_999_603_826_347_140;
    /// @dev Digits of the logarithm after the point: they give a tick to within 1 / 300,000.
    uint256 private constant LOG_DIGITS = 32;

    /// @notice Of an index value below 2^128, rounded by less than 2^-63 of it and one unit; kept within Uniswap's span.
    function toSqrtX96(uint256 price, bool positionIs0) internal pure returns (uint160) {
        uint256 rootX64 = Math.sqrt(uint256(price.toUint128()) << 128);
        uint256 sqrtX96;
        if (positionIs0) sqrtX96 = (rootX64 << 32) / ROOT_SCALE;
        else sqrtX96 = rootX64 == 0 ? MAX_SQRT_X96 : (ROOT_SCALE << 160) / rootX64;
        return Math.max(MIN_SQRT_X96 + 1, Math.min(sqrtX96, MAX_SQRT_X96 - 1)).toUint160();
    }

    /// @notice Whether two prices are within `toleranceBps` of the wanted one of each other.
    function isNear(uint160 sqrtX96, uint160 wantedX96, uint256 toleranceBps) internal pure returns (bool) {
        uint256 off = sqrtX96 > wantedX96 ? sqrtX96 - wantedX96 : wantedX96 - sqrtX96;
        // A root moves by half of what its price does.
        return off * 2 * BPS <= uint256(wantedX96) * toleranceBps;
    }

    /// @notice The narrowest range on the grid that has both prices in it, but for a step more where a price lies on
    ///         the grid; and never beyond Uniswap's span.
    function rangeAround(uint160 aX96, uint160 bX96, int24 spacing)
        internal
        pure
        returns (int24 lower, int24 upper)
    {
        (uint160 low, uint160 high) = aX96 < bX96 ? (aX96, bX96) : (bX96, aX96);
        lower = _gridDown(_tickAt(low, 0), spacing);
        upper = _gridDown(_tickAt(high, 1), spacing) + spacing;
        int24 last = MAX_TICK / spacing * spacing;
        if (lower < -last) lower = -last;
        if (upper > last) upper = last;
    }

    function _gridDown(int24 tick, int24 spacing) private pure returns (int24) {
        int24 past = tick % spacing;
        return past < 0 ? tick - past - spacing : tick - past;
    }

    /// @dev The binary logarithm, digit by digit: squaring the mantissa doubles its logarithm, and reaching 2 is the next
    ///      digit.
    /// @param slack In units of the last digit, of which less than one is cut off: with 0 this is never above the tick of
    ///        the price, with 1 never below it.
    function _tickAt(uint160 sqrtX96, uint256 slack) private pure returns (int24) {
        // Safe because 32 <= log2(sqrtX96) < 160, mantissas are below 2^128, and the product is below 2^152.
        unchecked {
            uint256 whole = Math.log2(sqrtX96);
            uint256 mantissa = whole > 127 ? sqrtX96 >> (whole - 127) : uint256(sqrtX96) << (127 - whole);
            uint256 fraction = 0;
            for (uint256 i = 0; i < LOG_DIGITS; i++) {
                mantissa = (mantissa * mantissa) >> 127;
                uint256 digit = mantissa >> 128;
                mantissa >>= digit;
                fraction = (fraction << 1) | digit;
            }
            // forge-lint: disable-start(unsafe-typecast)
            int256 logX64 = (int256(whole) - 96) * 2 ** 64 + int256((fraction + slack) << (64 - LOG_DIGITS));
            return int24((logX64 * TICKS_PER_DOUBLING_X64) >> 128);
            // forge-lint: disable-end(unsafe-typecast)
        }
    }
}
