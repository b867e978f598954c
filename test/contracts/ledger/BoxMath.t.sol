// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {BoxMath} from "../../../contracts/ledger/BoxMath.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {Test} from "forge-std/Test.sol";

// The whole domain of the ledger's arithmetic, far beyond what one index reaches: tops up to 2^64 - 2 ticks, ticks up to
// 2^64 - 1, their product below 2^128, quantities of 128 bits. Against signed whole numbers and 512-bit products.
// ├── mirror undoes itself, lies on the grid, and the two payoffs add up to the width on every value
// ├── payoff is clamp(x, lo, hi) − lo; never falls as x grows, never grows faster than it, is at most the width
// ├── cut at a strike: the payoffs of the parts add up
// ├── restrike: what was paid and what remains is never more than the whole, and at most two ticks less, on every path;
// │   exact when the value lies on the grid; canonical; none only where less than two ticks could be paid
// └── cashUp, cashDown round apart by at most 1, around the exact quotient; nothing overflows
contract BoxMathTest is Test {
    struct World {
        uint256 top;
        uint256 tick;
        BoxId id;
    }

    function testFuzz_mirror_undoesItself(Box memory box, uint256 top, uint256 tick) public pure {
        World memory w = _world(box, top, tick);
        BoxId mirror = BoxMath.mirror(w.id, w.top);
        assertEq(BoxId.unwrap(BoxMath.mirror(mirror, w.top)), BoxId.unwrap(w.id));
        assertTrue(mirror.isShort() != w.id.isShort());
        assertEq(BoxMath.width(mirror, w.top, w.tick), BoxMath.width(w.id, w.top, w.tick));
        _isCanonical(mirror, w.top);
    }

    function testFuzz_mirror_addsUpToTheWidth(Box memory box, uint256 top, uint256 tick, uint256 earned)
        public
        pure
    {
        World memory w = _world(box, top, tick);
        BoxId mirror = BoxMath.mirror(w.id, w.top);
        uint256[7] memory values = _values(w, earned);
        for (uint256 i = 0; i < values.length; i++) {
            assertEq(
                _payoff(w, w.id, values[i]) + _payoff(w, mirror, values[i]),
                BoxMath.width(w.id, w.top, w.tick)
            );
        }
    }

    function testFuzz_payoff_isTheClamp(Box memory box, uint256 top, uint256 tick, uint256 earned)
        public
        pure
    {
        World memory w = _world(box, top, tick);
        uint256[7] memory values = _values(w, earned);
        for (uint256 i = 0; i < values.length; i++) {
            uint256 value = values[i];
            uint256 pays = BoxMath.payoff(w.id, w.tick, value);
            assertEq(pays, _clampModel(w, value));
            if (value == w.top * w.tick) continue;
            uint256 more = BoxMath.payoff(w.id, w.tick, value + 1);
            assertTrue(more == pays || more == pays + 1);
        }
    }

    function testFuzz_payoff_addsUpOverACut(
        Box memory box,
        uint256 top,
        uint256 tick,
        uint256 earned,
        uint64 at
    ) public pure {
        World memory w = _world(box, top, tick);
        uint256 ceiling = BoxMath.ceiling(w.id, w.top);
        vm.assume(ceiling - w.id.lo() > 1);
        at = uint64(bound(at, w.id.lo() + 1, ceiling - 1));
        BoxId lower = w.id.withStrikes(w.id.lo(), at);
        BoxId upper = w.id.withStrikes(at, w.id.hi());
        uint256[7] memory values = _values(w, earned);
        for (uint256 i = 0; i < values.length; i++) {
            assertEq(_payoff(w, lower, values[i]) + _payoff(w, upper, values[i]), _payoff(w, w.id, values[i]));
        }
    }

    /// @dev `value` came before, at most `topBefore`; `later` comes after, at most `topAfter`.
    function testFuzz_restrike_neverCreatesValue(
        Box memory box,
        uint256 top,
        uint256 tick,
        uint256 topAfter,
        uint256 value,
        uint256 later,
        bool onGrid
    ) public pure {
        World memory w = _world(box, top, tick);
        topAfter = bound(topAfter, 0, w.top);
        value = bound(value, 0, (w.top - topAfter) * w.tick);
        if (onGrid) value -= value % w.tick;
        later = bound(later, 0, topAfter * w.tick);
        BoxId rest = BoxMath.restrike(w.id, 7, topAfter, w.tick, value);
        uint256 whole = BoxMath.payoff(w.id, w.tick, value + later);
        uint256 paid = BoxMath.payoff(w.id, w.tick, value);
        if (rest != BoxMath.NONE) {
            assertEq(rest.start(), 7);
            assertEq(
                BoxId.unwrap(rest.withStart(0).withStrikes(0, 0)),
                BoxId.unwrap(w.id.withStart(0).withStrikes(0, 0))
            );
            _isCanonical(rest, topAfter);
            paid += BoxMath.payoff(rest, w.tick, later);
        }
        assertLe(paid, whole);
        assertLe(whole - paid, onGrid ? 0 : 2 * w.tick - 2);
    }

    /// @dev Against 512 bits: the quotient rounded one way and the other.
    function testFuzz_cash_roundsForTheReserve(uint128 quantity, uint128 value) public pure {
        (uint256 high, uint256 low) = _mul512(quantity, value);
        assertEq(high, 0);
        uint256 down = BoxMath.cashDown(quantity, value);
        uint256 up = BoxMath.cashUp(quantity, value);
        assertLe(down * 1e36, low);
        assertGt((down + 1) * 1e36, low);
        assertEq(up, low % 1e36 == 0 ? down : down + 1);
    }

    function test_cash_atTheEnds() public pure {
        uint128 most = type(uint128).max;
        assertEq(BoxMath.cashDown(most, most), 115792089237316195423570985008687907852589);
        assertEq(BoxMath.cashUp(most, most), 115792089237316195423570985008687907852590);
        assertEq(BoxMath.cashUp(1, 1), 1);
        assertEq(BoxMath.cashDown(1, 1), 0);
        assertEq(BoxMath.cashUp(0, most), 0);
        assertEq(BoxMath.cashUp(1e18, 1e18), 1);
        assertEq(BoxMath.cashDown(1e18, 1e18), 1);
        assertEq(BoxMath.cashUp(1e18, 1e18 + 1), 2);
        assertEq(BoxMath.cashDown(1e18, 1e18 - 1), 0);
    }

    /* HELPERS */

    /// @dev Some canonical box: lo < hi <= top < 2^64 - 1, top times tick below 2^128. Strikes next to the ends are common.
    function _world(Box memory box, uint256 top, uint256 tick) private pure returns (World memory w) {
        w.tick = bound(tick, 1, type(uint64).max);
        uint256 most = type(uint128).max / w.tick;
        w.top = bound(top, 1, most < type(uint64).max - 1 ? most : type(uint64).max - 1);
        box.lo = uint64(box.lo % 3 == 0 ? box.lo % w.top % 5 : bound(box.lo, 0, w.top - 1));
        uint256 hi = bound(box.hi, box.lo + 1, w.top);
        if (box.hi % 5 == 0) hi = w.top;
        box.hi = hi == w.top ? Boxes.MAX_STRIKE : uint64(hi);
        w.id = Boxes.pack(box);
    }

    /// @dev What the components may have earned: anything, the ends, the strikes and a hair beside them.
    function _values(World memory w, uint256 earned) private pure returns (uint256[7] memory values) {
        uint256 most = w.top * w.tick;
        uint256 floor = uint256(w.id.lo()) * w.tick;
        uint256 ceiling = BoxMath.ceiling(w.id, w.top) * w.tick;
        values = [bound(earned, 0, most), 0, most, floor, ceiling, floor + 1, ceiling - 1];
    }

    function _payoff(World memory w, BoxId id, uint256 earned) private pure returns (uint256) {
        return BoxMath.payoff(id, w.tick, BoxMath.sideValue(id, w.top, w.tick, earned));
    }

    function _clampModel(World memory w, uint256 value) private pure returns (uint256) {
        int256 above = int256(value) - int256(uint256(w.id.lo()) * w.tick);
        uint256 top = w.id.hi() == Boxes.MAX_STRIKE ? w.top : w.id.hi();
        int256 width = int256((top - w.id.lo()) * w.tick);
        return uint256(above < 0 ? int256(0) : above > width ? width : above);
    }

    function _isCanonical(BoxId id, uint256 top) private pure {
        assertLt(id.lo(), id.hi());
        assertLt(id.lo(), top);
        assertTrue(id.hi() < top || id.hi() == Boxes.MAX_STRIKE);
    }

    function _mul512(uint256 a, uint256 b) private pure returns (uint256 high, uint256 low) {
        uint256 modulus = mulmod(a, b, type(uint256).max);
        unchecked {
            low = a * b;
            high = modulus - low - (modulus < low ? 1 : 0);
        }
    }
}
