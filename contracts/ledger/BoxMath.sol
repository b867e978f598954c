// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxId, Boxes} from "../types/BoxId.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice What boxes are worth and what they become, derived at the head of `Ledger`. Of canonical boxes only: then
///         lo < hi <= top < 2^64 - 1 in ticks, and top times tick is below 2^128.
/// @dev `top` is the most that a box's components can earn over its interval, in ticks. All else is in index values.
library BoxMath {
    /// @notice No box: where there is nothing left to hold.
    BoxId internal constant NONE = BoxId.wrap(0);

    /// @notice Of index values times quantities: 1e18 for the scale of each.
    uint256 internal constant VALUE_SCALE = 1e36;

    function ceiling(BoxId id, uint256 top) internal pure returns (uint256) {
        return id.hi() == Boxes.MAX_STRIKE ? top : id.hi();
    }

    /// @notice The other side: the payoffs of the two add up to the width. It is canonical too, and its mirror is the box.
    function mirror(BoxId id, uint256 top) internal pure returns (BoxId) {
        if (id.isFull()) return id.withOtherSide();
        // Safe because lo < hi <= top < 2^64 in a canonical box.
        unchecked {
            // forge-lint: disable-start(unsafe-typecast)
            uint64 lo = uint64(top - ceiling(id, top));
            uint64 hi = id.lo() == 0 ? Boxes.MAX_STRIKE : uint64(top - id.lo());
            // forge-lint: disable-end(unsafe-typecast)
            return id.withSideAndStrikes(!id.isShort(), lo, hi);
        }
    }

    /// @notice What a box and its mirror are worth together.
    function width(BoxId id, uint256 top, uint256 tick) internal pure returns (uint256) {
        // Safe because lo < hi <= top, and the top times the tick is below 2^128.
        unchecked {
            return (ceiling(id, top) - id.lo()) * tick;
        }
    }

    /// @notice X: what a side of the index came to, out of `top`, when the components earned `earned`.
    function sideValue(BoxId id, uint256 top, uint256 tick, uint256 earned) internal pure returns (uint256) {
        // Safe because what is earned is at most the top.
        unchecked {
            return id.isShort() ? top * tick - earned : earned;
        }
    }

    /// @notice What one unit pays when its side came to `value`, which is at most the top.
    function payoff(BoxId id, uint256 tick, uint256 value) internal pure returns (uint256) {
        // Safe because a strike and the tick are below 2^64, and lo < hi.
        unchecked {
            uint256 floor = id.lo() * tick;
            if (value <= floor) return 0;
            uint256 hi = id.hi();
            if (hi != Boxes.MAX_STRIKE && value > hi * tick) value = hi * tick;
            return value - floor;
        }
    }

    /// @notice What remains of a box from `until` on, when its side came to `value` before. The floor, lo - value/tick, is
    ///         rounded up and the ceiling down: both against the holder.
    /// @param topAfter What the box's components can earn at most from `until` on, in ticks.
    /// @return rest `NONE` where nothing can be paid any more.
    function restrike(BoxId id, uint24 until, uint256 topAfter, uint256 tick, uint256 value)
        internal
        pure
        returns (BoxId rest)
    {
        uint256 lo = Math.saturatingSub(id.lo(), value / tick);
        uint256 hi = id.hi();
        if (hi != Boxes.MAX_STRIKE) hi = Math.saturatingSub(hi, Math.ceilDiv(value, tick));
        if (lo >= topAfter || lo >= hi) return NONE;
        // Safe because both are at most what they were.
        // forge-lint: disable-next-line(unsafe-typecast)
        return id.withStart(until).withStrikes(uint64(lo), hi < topAfter ? uint64(hi) : Boxes.MAX_STRIKE);
    }

    /// @notice In base units of the reward token, for what the ledger takes: the reserve is owed the fraction.
    function cashUp(uint128 quantity, uint256 value) internal pure returns (uint256) {
        // Safe because both factors are below 2^128: their product ends 2^129 short of overflow.
        unchecked {
            return (quantity * value + (VALUE_SCALE - 1)) / VALUE_SCALE;
        }
    }

    /// @notice In base units of the reward token, for what the ledger gives: the reserve keeps the fraction.
    function cashDown(uint128 quantity, uint256 value) internal pure returns (uint256) {
        // Safe because both factors are below 2^128.
        unchecked {
            return quantity * value / VALUE_SCALE;
        }
    }
}
