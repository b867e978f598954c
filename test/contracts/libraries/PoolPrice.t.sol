// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {PoolPrice} from "../../../contracts/libraries/PoolPrice.sol";
import {IPool, UniswapTest} from "../market/UniswapTest.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

// toSqrtX96
// ├── the root of the price, or of its inverse
// ├── a price that Uniswap has no root for → the end of its span
// └── a price of 2^128 or more → reverts
// isNear
// ├── a price within the tolerance, and a bit less than all of it → true
// └── a price beyond it → false
// rangeAround
// ├── both prices are inside, by the ticks of a real pool, and it is no more than a step wider on either side
// └── never beyond the span
contract PoolPriceTest is UniswapTest {
    function testFuzz_toSqrtX96_isTheRoot(uint256 price) public pure {
        price = bound(price, 1, type(uint128).max);
        uint256 up = PoolPrice.toSqrtX96(price, true);
        uint256 down = PoolPrice.toSqrtX96(price, false);
        // The square of the root, and of the root of one more, enclose price / 1e36 · 2^192.
        uint256 wanted = Math.mulDiv(price, 1 << 192, 1e36);
        assertLe(up == PoolPrice.MIN_SQRT_X96 + 1 ? 0 : up * up, wanted);
        assertGe((up + 1) * (up + 1), wanted - wanted / 2 ** 60);
        // One times the other is 2^192, to within one unit of the smaller.
        assertApproxEqAbs(up * down / 2 ** 96, 2 ** 96, Math.max(down, up) / 2 ** 90 + 2 ** 96 / up + 2 ** 36);
    }

    function test_toSqrtX96_known() public pure {
        // 1e36 is one base unit for one base unit.
        assertEq(PoolPrice.toSqrtX96(1e36, true), 2 ** 96);
        assertEq(PoolPrice.toSqrtX96(1e36, false), 2 ** 96);
        assertEq(PoolPrice.toSqrtX96(4e36, true), 2 ** 97);
        assertEq(PoolPrice.toSqrtX96(4e36, false), 2 ** 95);
        assertEq(PoolPrice.toSqrtX96(0, true), PoolPrice.MIN_SQRT_X96 + 1);
        assertEq(PoolPrice.toSqrtX96(0, false), PoolPrice.MAX_SQRT_X96 - 1);
    }

    /// forge-config: default.allow_internal_expect_revert = true
    function testFuzz_toSqrtX96_revertsIfPriceTooLarge(uint256 price, bool positionIs0) public {
        price = bound(price, uint256(type(uint128).max) + 1, type(uint256).max);
        vm.expectRevert();
        PoolPrice.toSqrtX96(price, positionIs0);
    }

    function testFuzz_isNear(uint160 wanted, uint16 toleranceBps, bool above) public pure {
        wanted = uint160(bound(wanted, 2 ** 40, type(uint160).max / 8));
        uint160 most = uint160(uint256(wanted) * toleranceBps / 20_000);
        if (!above && most >= wanted) return;
        assertTrue(PoolPrice.isNear(above ? wanted + most : wanted - most, wanted, toleranceBps));
        assertFalse(PoolPrice.isNear(above ? wanted + most + 1 : wanted - most - 1, wanted, toleranceBps));
    }

    function testFuzz_rangeAround_enclosesBoth(uint160 a, uint160 b, uint256 fee) public {
        (a, b) = (uint160(bound(a, MIN_SQRT, MAX_SQRT)), uint160(bound(b, MIN_SQRT, MAX_SQRT)));
        _assertEncloses(a, b, fee);
    }

    /// @dev Where rounding matters: at the price of a grid line, as Uniswap has it, and a unit beside it.
    function testFuzz_rangeAround_enclosesOnTheGrid(int24 tick, uint256 fee, uint160 other, int8 beside)
        public
    {
        (, int24 spacing) = feeOf(fee);
        tick = int24(bound(tick, -887_000 / spacing, 887_000 / spacing)) * spacing;
        uint160 onGrid = _sqrtAtTick(tick);
        uint160 a = uint160(uint256(int256(uint256(onGrid)) + bound(beside, -1, 1)));
        _assertEncloses(a, uint160(bound(other, MIN_SQRT, MAX_SQRT)), fee);
    }

    function _assertEncloses(uint160 a, uint160 b, uint256 fee) private {
        (, int24 spacing) = feeOf(fee);
        (uint160 low, uint160 high) = a < b ? (a, b) : (b, a);
        (int24 lower, int24 upper) = PoolPrice.rangeAround(a, b, spacing);
        (int24 lowTick, int24 highTick) = (_tickAt(low), _tickAt(high));
        int24 last = 887_272 / spacing * spacing;
        // No index value of 1 or more is beyond the last grid line.
        vm.assume(lowTick < last && highTick >= -last);

        assertEq(lower % spacing, 0);
        assertEq(upper % spacing, 0);
        assertLt(lower, upper);
        assertTrue(lower >= -last && upper <= last, "beyond the span");
        // A tick holds the prices from its own up to the next.
        assertTrue(lower <= lowTick || lower == -last, "low is outside");
        assertTrue(upper > highTick || upper == last, "high is outside");
        assertTrue(lowTick - lower <= spacing, "starts too low");
        assertTrue(upper - highTick <= spacing + 1, "ends too high");
    }

    /// @dev As a pool sees it.
    function _tickAt(uint160 sqrtX96) private returns (int24 tick) {
        uint256 snapshot = vm.snapshotState();
        IPool pool = IPool(factory.createPool(address(1), address(2), 3000));
        pool.initialize(sqrtX96);
        tick = tickOf(pool);
        vm.revertToState(snapshot);
    }

    /// @dev The lowest price that a pool puts into the tick, by bisection.
    function _sqrtAtTick(int24 tick) private returns (uint160) {
        (uint256 low, uint256 high) = (MIN_SQRT, MAX_SQRT);
        uint256 snapshot = vm.snapshotState();
        IPool pool = IPool(factory.createPool(address(1), address(2), 3000));
        uint256 created = vm.snapshotState();
        while (low < high) {
            uint256 middle = (low + high) / 2;
            pool.initialize(uint160(middle));
            if (tickOf(pool) >= tick) high = middle;
            else low = middle + 1;
            vm.revertToState(created);
        }
        vm.revertToState(snapshot);
        return uint160(low);
    }
}

// forge-lint: disable-end(unsafe-typecast)
