// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BoxTest} from "./BoxTest.sol";
import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

// realise
// ├── quantity 0; more than one has → reverts
// ├── at or before the start, after the end, after what is known → reverts RealisedOutside
// ├── when the rest's supply outgrows its slot → reverts SupplyTooLarge
// └── otherwise → pays ⌊q·(clamp(x)−lo)⌋ to whom the holder says, leaves him the rest, events; the source may be dead
//     ├── the floor is rounded up to the tick, the ceiling down
//     ├── nothing can be paid any more: at the end, above the ceiling, below the floor for good, in half a tick → no rest
//     ├── with the rest's payoff never more than redeem pays, and at most two ticks a unit and one base unit less
//     └── in two steps never more than in one
// redeemMany
// ├── no ids, another number of quantities → reverts LengthsDiffer; two indices → reverts IndicesDiffer
// ├── one not matured, not owned, of nothing → reverts, and nothing is paid
// └── otherwise → pays the sum of what each pays alone, in one transfer, an event each; the same id may stand twice
// multicall
// └── all or nothing, as the caller, the error of the first that fails
contract LedgerRealiseTest is BoxTest {
    using SignedMath for int256;

    /* REALISE */

    function testFuzz_realise_paysWhatIsCertain(
        Box memory seed,
        uint24 until,
        uint128 quantity,
        uint128 part,
        uint256 days_
    ) public {
        useComponents(3);
        BoxId id = toBox(seed);
        until = uint24(bound(until, id.start() + 1, id.end()));
        quantity = uint128(bound(quantity, 1, MOST));
        part = uint128(bound(part, 1, quantity));
        uint256 taken = give(buyer, id, quantity);
        pokeDays(days_, until - FIRST_EPOCH + (days_ % (FIRST_EPOCH + EPOCHS - until + 1)));
        // What is known stays payable without it.
        vm.etch(address(source), "");
        uint256 value = _valueBefore(id, until);
        uint256 floor = uint256(id.lo()) * TICK;
        uint256 cash = Math.min(value < floor ? 0 : value - floor, widthInModel(id)) * part / VALUE_SCALE;
        BoxId rest = _restInModel(id, until, value);

        _previewsRealise(id, until, part, cash, rest);
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(buyer, buyer, address(0), BoxId.unwrap(id), part);
        if (BoxId.unwrap(rest) != 0) {
            vm.expectEmit(address(ledger));
            emit IERC6909.Transfer(buyer, address(0), buyer, BoxId.unwrap(rest), part);
        }
        vm.expectEmit(address(ledger));
        emit ILedger.Realised(id, until, cash, rest);
        vm.prank(buyer);
        (uint256 paid, BoxId left) = ledger.realise(id, until, part, anyone);

        assertEq(paid, cash);
        assertSame(left, rest);
        assertEq(token.balanceOf(anyone), cash);
        assertEq(ledger.reserveOf(index), taken - cash);
        assertHas(buyer, id, quantity - part);
        assertEq(supplyOf(id), quantity - part);
        assertEq(supplyOf(rest), BoxId.unwrap(rest) == 0 ? 0 : part);
        assertHas(buyer, rest, supplyOf(rest));
    }

    function testFuzz_realise_leavesNoMoreThanRedeemPays(
        Box memory seed,
        uint24 until,
        uint128 quantity,
        uint256 days_
    ) public {
        useComponents(3);
        BoxId id = toBox(seed);
        until = uint24(bound(until, id.start() + 1, id.end()));
        quantity = uint128(bound(quantity, 1, MOST));
        give(buyer, id, quantity);
        pokeDays(days_, EPOCHS);
        uint256 snapshot = vm.snapshotState();
        vm.prank(buyer);
        uint256 whole = ledger.redeem(id, quantity, buyer);
        vm.revertToState(snapshot);

        uint256 inSteps = _realiseAll(id, until, quantity);
        assertLe(inSteps, whole);
        // Two ticks a unit, and a fraction of a base unit lost twice.
        assertLe(whole - inSteps, Math.ceilDiv(2 * uint256(TICK) * quantity, VALUE_SCALE) + 1);
    }

    /// @dev With rewards on the grid nothing is lost but the fraction of a base unit.
    function testFuzz_realise_losesNothingOnTheGrid(
        Box memory seed,
        uint24 until,
        uint128 quantity,
        uint16[6] memory ticks
    ) public {
        useComponents(1);
        BoxId id = toBox(seed);
        until = uint24(bound(until, id.start() + 1, id.end()));
        quantity = uint128(bound(quantity, 1, MOST));
        give(buyer, id, quantity);
        for (uint24 d = 0; d < EPOCHS; d++) {
            uint256[] memory rewards = new uint256[](1);
            rewards[0] = uint256(ticks[d] % 1001) * TICK;
            source.set(BTC, FIRST_EPOCH + d, rewards);
            ledger.poke(index);
        }
        uint256 snapshot = vm.snapshotState();
        vm.prank(buyer);
        uint256 whole = ledger.redeem(id, quantity, buyer);
        vm.revertToState(snapshot);

        uint256 inSteps = _realiseAll(id, until, quantity);
        assertLe(inSteps, whole);
        assertLe(whole - inSteps, 1);
    }

    function testFuzz_realise_paysNoMoreInTwoSteps(
        Box memory seed,
        uint24 first,
        uint24 second,
        uint128 quantity,
        uint256 days_
    ) public {
        useComponents(3);
        BoxId id = toBox(seed);
        vm.assume(id.end() - id.start() > 1);
        second = uint24(bound(second, id.start() + 2, id.end()));
        first = uint24(bound(first, id.start() + 1, second - 1));
        quantity = uint128(bound(quantity, 1, MOST));
        give(buyer, id, quantity);
        pokeDays(days_, EPOCHS);
        uint256 snapshot = vm.snapshotState();
        vm.prank(buyer);
        (uint256 atOnce,) = ledger.realise(id, second, quantity, buyer);
        vm.revertToState(snapshot);

        vm.startPrank(buyer);
        (uint256 paid, BoxId rest) = ledger.realise(id, first, quantity, buyer);
        if (BoxId.unwrap(rest) != 0) {
            (uint256 more,) = ledger.realise(rest, second, quantity, buyer);
            paid += more;
        }
        assertLe(paid, atOnce);
        assertLe(atOnce - paid, Math.ceilDiv(2 * uint256(TICK) * quantity, VALUE_SCALE) + 1);
    }

    /// @dev Half a tick earned: the floor is not lowered by it, the ceiling by all of it.
    function test_realise_roundsTheStrikesAgainstTheHolder() public {
        useComponents(1);
        BoxId id = slice(0, 2, 100, 1900);
        give(buyer, id, UNIT);
        _pokeValue(10 * TICK + TICK / 2);
        vm.prank(buyer);
        (uint256 cash, BoxId rest) = ledger.realise(id, FIRST_EPOCH + 1, UNIT, buyer);
        assertEq(cash, 0);
        // Both would be at 89.5 and 1889.5; but only 1000 can come.
        assertSame(rest, slice(1, 2, 90, Boxes.MAX_STRIKE));

        id = slice(1, 3, 100, 900);
        give(buyer, id, UNIT);
        _pokeValue(10 * TICK + 1);
        vm.prank(buyer);
        (, rest) = ledger.realise(id, FIRST_EPOCH + 2, UNIT, buyer);
        assertSame(rest, slice(2, 3, 90, 889));

        id = slice(2, 4, 100, 900);
        give(buyer, id, UNIT);
        _pokeValue(11 * TICK - 1);
        vm.prank(buyer);
        (, rest) = ledger.realise(id, FIRST_EPOCH + 3, UNIT, buyer);
        assertSame(rest, slice(3, 4, 90, 889));
    }

    /// @dev A ceiling that falls on what can still come at most is written as MAX: one payoff, one id.
    function test_realise_leavesACanonicalRest() public {
        useComponents(1);
        BoxId[3] memory ids = [slice(0, 2, 5, 1500), slice(0, 2, 5, 1499), slice(0, 2, 5, 1501)];
        for (uint256 i = 0; i < 3; i++) {
            give(buyer, ids[i], UNIT);
        }
        _pokeValue(500 * TICK);
        vm.startPrank(buyer);
        (, BoxId rest) = ledger.realise(ids[0], FIRST_EPOCH + 1, UNIT, buyer);
        assertSame(rest, slice(1, 2, 0, Boxes.MAX_STRIKE));
        (, rest) = ledger.realise(ids[1], FIRST_EPOCH + 1, UNIT, buyer);
        assertSame(rest, slice(1, 2, 0, 999));
        (, rest) = ledger.realise(ids[2], FIRST_EPOCH + 1, UNIT, buyer);
        assertSame(rest, slice(1, 2, 0, Boxes.MAX_STRIKE));
    }

    function test_realise_leavesNothingThatCannotPay() public {
        useComponents(1);
        // After a day of 500.25 ticks, 1000 may come: above the ceiling already; the floor out of reach, exactly and by more;
        // less than a tick between the strikes.
        BoxId[5] memory ids = [
            slice(0, 2, 5, 500),
            slice(0, 2, 1500, 1600),
            slice(0, 2, 1501, 1600),
            slice(0, 2, 500, 501),
            slice(0, 2, 1499, 1600)
        ];
        for (uint256 i = 0; i < 5; i++) {
            give(buyer, ids[i], UNIT * 1e12);
        }
        _pokeValue(500 * TICK + TICK / 4);
        uint256[4] memory cash = [uint256(495e3), 0, 0, 250];
        vm.startPrank(buyer);
        for (uint256 i = 0; i < 4; i++) {
            uint256 snapshot = vm.snapshotState();
            (uint256 paid, BoxId rest) = ledger.realise(ids[i], FIRST_EPOCH + 1, UNIT * 1e12, buyer);
            assertSame(rest, BoxId.wrap(0));
            assertEq(paid, cash[i]);
            assertHas(buyer, BoxId.wrap(0), 0);
            vm.revertToState(snapshot);
        }
        // One tick lower, and something may come.
        (, BoxId left) = ledger.realise(ids[4], FIRST_EPOCH + 1, UNIT, buyer);
        assertSame(left, slice(1, 2, 999, Boxes.MAX_STRIKE));
    }

    function testFuzz_realise_revertsIfOutside(Box memory seed, uint24 until, uint256 days_) public {
        BoxId id = toBox(seed);
        give(buyer, id, UNIT);
        pokeDays(days_, days_ % (EPOCHS + 1));
        uint24 known = ledger.pokedUntil(index);
        uint24 last = known < id.end() ? known : id.end();
        if (until > id.start() && until <= last) until = last + 1;
        uint24[4] memory moments = [until, id.start(), last + 1, 0];
        for (uint256 i = 0; i < 4; i++) {
            bytes memory reason =
                abi.encodeWithSelector(ILedger.RealisedOutside.selector, moments[i], id.start(), last);
            vm.prank(buyer);
            vm.expectRevert(reason);
            ledger.realise(id, moments[i], UNIT, buyer);
            vm.expectRevert(reason);
            ledger.previewRealise(id, moments[i], UNIT);
        }
    }

    function test_realise_revertsIfNotOwned() public {
        BoxId id = fullLong(2);
        give(buyer, id, UNIT);
        pokeDays(1, 1);
        vm.startPrank(buyer);
        vm.expectRevert(ILedger.QuantityZero.selector);
        ledger.realise(id, FIRST_EPOCH + 1, 0, buyer);
        expectNotEnough(buyer, id, UNIT, UNIT + 1);
        ledger.realise(id, FIRST_EPOCH + 1, UNIT + 1, buyer);
        ledger.setOperator(anyone, true);
        vm.stopPrank();
        vm.prank(anyone);
        expectNotEnough(anyone, id, 0, 1);
        ledger.realise(id, FIRST_EPOCH + 1, 1, anyone);
    }

    /// @dev And then it is still redeemed when it matures: redemption creates nothing.
    function test_realise_revertsIfTheRestOutgrowsItsSlot() public {
        useComponents(1);
        BoxId id = slice(0, 2, 0, Boxes.MAX_STRIKE);
        BoxId rest = slice(1, 2, 0, Boxes.MAX_STRIKE);
        give(buyer, id, 1);
        give(miner, rest, type(uint120).max);
        _pokeValue(TICK);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.SupplyTooLarge.selector, uint256(type(uint120).max) + 1, type(uint120).max
            )
        );
        ledger.realise(id, FIRST_EPOCH + 1, 1, buyer);
        _pokeValue(TICK);
        vm.prank(buyer);
        ledger.redeem(id, 1, buyer);
    }

    /* REDEEM MANY */

    function testFuzz_redeemMany_paysTheSumOfEach(
        Box[4] memory seeds,
        uint128[4] memory quantities,
        uint256 days_
    ) public {
        BoxId[] memory ids = new BoxId[](5);
        uint128[] memory parts = new uint128[](5);
        uint256 taken;
        for (uint256 i = 0; i < 4; i++) {
            ids[i] = toBox(seeds[i]);
            parts[i] = uint128(bound(quantities[i], 1, MOST));
            taken += give(buyer, ids[i], parts[i]);
        }
        // The first one again.
        (ids[4], parts[4]) = (ids[0], uint128(bound(quantities[3], 1, MOST)));
        taken += give(buyer, ids[0], parts[4]);
        pokeDays(days_, EPOCHS);
        uint256 sum = _redeemEach(ids, parts, true);

        _redeemEach(ids, parts, false);
        vm.recordLogs();
        vm.prank(buyer);
        assertEq(ledger.redeemMany(ids, parts, anyone), sum);

        // A burn and a redemption each, and one transfer of cash, if any.
        assertEq(vm.getRecordedLogs().length, 10 + (sum > 0 ? 1 : 0));
        assertEq(token.balanceOf(anyone), sum);
        assertEq(ledger.reserveOf(index), taken - sum);
        for (uint256 i = 0; i < 5; i++) {
            assertHas(buyer, ids[i], 0);
            assertEq(supplyOf(ids[i]), balanceOf(address(0xdead), ids[i]));
        }
    }

    function testFuzz_redeemMany_revertsIfLengthsDiffer(uint8 ids, uint8 quantities) public {
        if (ids == quantities) (ids, quantities) = (0, 0);
        vm.expectRevert(abi.encodeWithSelector(ILedger.LengthsDiffer.selector, ids, quantities));
        ledger.redeemMany(new BoxId[](ids), new uint128[](quantities), buyer);
    }

    function test_redeemMany_revertsIfOneCannotBeRedeemed() public {
        BoxId[] memory ids = new BoxId[](2);
        uint128[] memory quantities = new uint128[](2);
        (ids[0], ids[1]) = (fullLong(1), fullLong(2));
        (quantities[0], quantities[1]) = (UNIT, UNIT);
        give(buyer, ids[0], UNIT);
        give(buyer, ids[1], UNIT);
        pokeWith(1e22, 1e21);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotMatured.selector, FIRST_EPOCH + 2, FIRST_EPOCH + 1));
        ledger.redeemMany(ids, quantities, buyer);
        vm.stopPrank();
        pokeWith(1e22, 1e21);
        vm.startPrank(buyer);
        quantities[1] = 0;
        vm.expectRevert(ILedger.QuantityZero.selector);
        ledger.redeemMany(ids, quantities, buyer);
        quantities[1] = UNIT + 1;
        expectNotEnough(buyer, ids[1], UNIT, UNIT + 1);
        ledger.redeemMany(ids, quantities, buyer);
        quantities[1] = 1;
        ids[1] = ids[0];
        expectNotEnough(buyer, ids[0], 0, 1);
        ledger.redeemMany(ids, quantities, buyer);
        assertEq(token.balanceOf(buyer), 0);
    }

    function test_redeemMany_revertsIfIndicesDiffer() public {
        BoxId[] memory ids = new BoxId[](2);
        uint128[] memory quantities = new uint128[](2);
        (quantities[0], quantities[1]) = (UNIT, UNIT);
        ids[0] = fullLong(1);
        give(buyer, ids[0], UNIT);
        pokeWith(1e22, 1e21);
        useComponents(2);
        ids[1] = fullLong(1);
        give(buyer, ids[1], UNIT);
        pokeWith(1e12, 1e12);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(ILedger.IndicesDiffer.selector, index - 1, index));
        ledger.redeemMany(ids, quantities, buyer);
        (ids[0], ids[1]) = (ids[1], ids[0]);
        vm.expectRevert(abi.encodeWithSelector(ILedger.IndicesDiffer.selector, index, index - 1));
        ledger.redeemMany(ids, quantities, buyer);
        ids[0] = BoxId.wrap(0);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NoSuchIndex.selector, 0));
        ledger.redeemMany(ids, quantities, buyer);
    }

    /* MULTICALL */

    /// @dev A bond and its equity out of cash, the equity sold to somebody, in one call.
    function test_multicall_isTheCallersOwnCalls() public {
        BoxId long = fullLong(2);
        fund(miner, ledger.previewEscrow(long, UNIT));
        (BoxId bond, BoxId equity) = ledger.partsOf(long, ILedger.Axis.Value, 1e9);
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(ILedger.escrow, (long, UNIT, miner, miner));
        calls[1] = abi.encodeCall(ILedger.split, (long, ILedger.Axis.Value, 1e9, UNIT));
        calls[2] = abi.encodeCall(IERC6909.transfer, (buyer, BoxId.unwrap(equity), UNIT));
        calls[3] = abi.encodeCall(ILedger.deployFacade, (bond));
        vm.prank(miner);
        bytes[] memory answers = ledger.multicall(calls);

        (BoxId first, BoxId second) = abi.decode(answers[1], (BoxId, BoxId));
        assertSame(first, bond);
        assertSame(second, equity);
        assertHas(miner, bond, UNIT);
        assertHas(buyer, equity, UNIT);
        assertTrue(ledger.hasFacade(bond));
    }

    function test_multicall_revertsIfOneFails() public {
        BoxId long = fullLong(2);
        fund(miner, ledger.previewEscrow(long, UNIT));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ILedger.escrow, (long, UNIT, miner, miner));
        calls[1] = abi.encodeCall(ILedger.split, (long, ILedger.Axis.Component, 3, UNIT));
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.CutOutsideMask.selector, uint64(3), BOTH));
        ledger.multicall(calls);
        assertEq(supplyOf(long), 0);
        assertEq(ledger.reserveOf(index), 0);
        // Nobody else's rights are borrowed.
        calls = new bytes[](1);
        calls[0] = abi.encodeCall(ILedger.transferByFacade, (long, miner, anyone, 1));
        address facade = ledger.facadeOf(long);
        vm.prank(anyone);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotFacade.selector, anyone, facade));
        ledger.multicall(calls);
        // What is sent along cannot be spent twice, as nothing can be sent along.
        vm.deal(anyone, 1);
        vm.prank(anyone);
        (bool done,) = address(ledger).call{value: 1}(abi.encodeCall(ledger.multicall, (calls)));
        assertFalse(done);
    }

    /* HELPERS */

    /// @dev X of the box's side before `until`.
    function _valueBefore(BoxId id, uint24 until) private view returns (uint256) {
        uint256 earned = earnedBefore(id, until);
        if (!id.isShort()) return earned;
        Box memory box = id.unpack();
        box.end = until;
        return modelTop(Boxes.pack(box)) * TICK - earned;
    }

    /// @dev The strikes in index values, lowered by what was earned, then to the grid.
    function _restInModel(BoxId id, uint24 until, uint256 value) private view returns (BoxId) {
        if (until == id.end()) return BoxId.wrap(0);
        Box memory box = id.unpack();
        box.start = until;
        int256 top = int256(modelTop(Boxes.pack(box)));
        int256 lo = int256(uint256(box.lo) * TICK) - int256(value);
        int256 ticksLo = lo <= 0 ? int256(0) : (lo + int64(TICK) - 1) / int64(TICK);
        int256 ticksHi = top;
        if (box.hi != Boxes.MAX_STRIKE) {
            int256 hi = int256(uint256(box.hi) * TICK) - int256(value);
            ticksHi = (hi <= 0 ? int256(0) : hi / int64(TICK)).min(top);
        }
        if (ticksLo >= ticksHi) return BoxId.wrap(0);
        (box.lo, box.hi) = (uint64(uint256(ticksLo)), Boxes.MAX_STRIKE);
        if (ticksHi < top) box.hi = uint64(uint256(ticksHi));
        return Boxes.pack(box);
    }

    function _previewsRealise(BoxId id, uint24 until, uint128 quantity, uint256 cash, BoxId rest)
        private
        view
    {
        (uint256 seen, BoxId left) = ledger.previewRealise(id, until, quantity);
        assertEq(seen, cash);
        assertSame(left, rest);
        if (BoxId.unwrap(rest) != 0) ledger.topTicksOf(rest);
    }

    function _realiseAll(BoxId id, uint24 until, uint128 quantity) private returns (uint256 cash) {
        vm.startPrank(buyer);
        BoxId rest;
        (cash, rest) = ledger.realise(id, until, quantity, buyer);
        if (BoxId.unwrap(rest) != 0) cash += ledger.redeem(rest, quantity, buyer);
        vm.stopPrank();
    }

    function _pokeValue(uint256 value) private {
        uint256[] memory rewards = new uint256[](1);
        rewards[0] = value;
        source.set(BTC, ledger.pokedUntil(index), rewards);
        ledger.poke(index);
    }

    /// @dev One by one, undone again; or announced as events only.
    function _redeemEach(BoxId[] memory ids, uint128[] memory quantities, bool really)
        private
        returns (uint256 sum)
    {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < ids.length; i++) {
            uint256 cash = ledger.previewRedeem(ids[i], quantities[i]);
            sum += cash;
            if (!really) {
                vm.expectEmit(address(ledger));
                emit ILedger.Redeemed(ids[i], cash);
                continue;
            }
            vm.prank(buyer);
            assertEq(ledger.redeem(ids[i], quantities[i], buyer), cash);
        }
        if (really) vm.revertToState(snapshot);
    }
}
