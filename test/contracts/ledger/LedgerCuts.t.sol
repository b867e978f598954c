// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BoxTest} from "./BoxTest.sol";
import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

// split
// ├── quantity 0; more than one has; an id that cannot exist → reverts
// ├── by component or by time, when the box is a slice → reverts NotFull
// ├── by component: nothing, everything, or a bit outside the mask → reverts CutOutsideMask
// ├── by time: at or outside the ends → reverts CutOutsideInterval
// ├── by value: at or outside the strikes, the top standing for MAX → reverts CutOutsideStrikes
// ├── when a part's supply outgrows its slot → reverts SupplyTooLarge
// └── otherwise → burns the whole, creates both parts, three events, no cash; at any time, with a dead source too
//     ├── the parts pay what the whole pays, whatever the index does, and in cash at most 1 less
//     └── the order of two cuts does not matter
// join
// ├── quantity 0; one part missing; a whole that cannot exist; a cut that `split` refuses → reverts
// ├── when the whole's supply outgrows its slot → reverts SupplyTooLarge
// └── otherwise → undoes the split, to the last unit; three events, no cash
// partsOf
// └── refuses what split refuses, and answers what split makes
contract LedgerCutsTest is BoxTest {
    ILedger.Axis private constant COMPONENT = ILedger.Axis.Component;
    ILedger.Axis private constant TIME = ILedger.Axis.Time;
    ILedger.Axis private constant VALUE = ILedger.Axis.Value;

    /* SPLIT */

    function testFuzz_split_cutsByComponent(
        Box memory seed,
        uint256 count,
        uint8 at,
        uint128 quantity,
        uint128 part
    ) public {
        useComponents(bound(count, 2, 8));
        BoxId whole = toFull(seed);
        vm.assume(at & whole.mask() != 0 && whole.mask() & ~at != 0);
        at &= whole.mask();
        Box memory box = whole.unpack();
        box.mask = at;
        BoxId first = Boxes.pack(box);
        box.mask = whole.mask() - at;
        _splits(whole, COMPONENT, at, quantity, part, first, Boxes.pack(box));
    }

    function testFuzz_split_cutsByTime(Box memory seed, uint24 at, uint128 quantity, uint128 part) public {
        BoxId whole = toFull(seed);
        vm.assume(whole.end() - whole.start() > 1);
        at = uint24(bound(at, whole.start() + 1, whole.end() - 1));
        Box memory box = whole.unpack();
        box.end = at;
        BoxId first = Boxes.pack(box);
        (box.start, box.end) = (at, whole.end());
        _splits(whole, TIME, at, quantity, part, first, Boxes.pack(box));
    }

    function testFuzz_split_cutsByValue(Box memory seed, uint64 at, uint128 quantity, uint128 part) public {
        BoxId whole = toBox(seed);
        uint256 ceiling = whole.lo() + widthInModel(whole) / TICK;
        vm.assume(ceiling - whole.lo() > 1);
        at = uint64(bound(at, whole.lo() + 1, ceiling - 1));
        Box memory box = whole.unpack();
        box.hi = at;
        BoxId first = Boxes.pack(box);
        (box.lo, box.hi) = (at, whole.hi());
        _splits(whole, VALUE, at, quantity, part, first, Boxes.pack(box));
    }

    function test_split_revertsIfNotOwned() public {
        BoxId whole = fullLong(2);
        give(buyer, whole, UNIT);
        vm.startPrank(buyer);
        vm.expectRevert(ILedger.QuantityZero.selector);
        ledger.split(whole, COMPONENT, 1, 0);
        expectNotEnough(buyer, whole, UNIT, UNIT + 1);
        ledger.split(whole, COMPONENT, 1, UNIT + 1);
        vm.stopPrank();
        // An operator may move what is another's; he may not cut it.
        vm.prank(buyer);
        ledger.setOperator(anyone, true);
        vm.prank(anyone);
        expectNotEnough(anyone, whole, 0, 1);
        ledger.split(whole, COMPONENT, 1, 1);
    }

    /// @dev Of the parts of a slice the payoffs would not add up: min(a,k) + min(b,k) may be more than min(a+b,k).
    function testFuzz_split_revertsIfNotFull(Box memory seed) public {
        BoxId whole = toBox(seed);
        vm.assume(whole.lo() != 0 || whole.hi() != Boxes.MAX_STRIKE);
        vm.assume(whole.end() - whole.start() > 1);
        give(buyer, whole, UNIT);
        vm.startPrank(buyer);
        bytes memory reason = abi.encodeWithSelector(ILedger.NotFull.selector, whole);
        vm.expectRevert(reason);
        ledger.split(whole, COMPONENT, 1, 1);
        vm.expectRevert(reason);
        ledger.split(whole, TIME, whole.start() + 1, 1);
        vm.expectRevert(reason);
        ledger.join(whole, COMPONENT, 1, 1);
        vm.expectRevert(reason);
        ledger.join(whole, TIME, whole.start() + 1, 1);
        vm.expectRevert(reason);
        ledger.partsOf(whole, COMPONENT, 1);
        vm.expectRevert(reason);
        ledger.partsOf(whole, TIME, whole.start() + 1);
    }

    function testFuzz_split_revertsIfOutsideMask(Box memory seed, uint64 at) public {
        useComponents(8);
        BoxId whole = toFull(seed);
        give(buyer, whole, UNIT);
        if (at & whole.mask() == at && at != 0) at = whole.mask();
        bytes memory reason = abi.encodeWithSelector(ILedger.CutOutsideMask.selector, at, whole.mask());
        _cannotCut(whole, COMPONENT, at, reason);
        // What would be in the mask if it were cast.
        at = 256 + (whole.mask() & 1);
        reason = abi.encodeWithSelector(ILedger.CutOutsideMask.selector, at, whole.mask());
        _cannotCut(whole, COMPONENT, at, reason);
        // One below the mask, so that it is small enough but not inside.
        reason = abi.encodeWithSelector(ILedger.CutOutsideMask.selector, uint64(0), whole.mask());
        _cannotCut(whole, COMPONENT, 0, reason);
    }

    /// @dev Below the mask as a number, and yet not in it.
    function test_split_revertsIfSmallerThanTheMaskButOutside() public {
        useComponents(3);
        BoxId whole = Boxes.pack(Box(false, 5, index, FIRST_EPOCH, FIRST_EPOCH + 1, 0, Boxes.MAX_STRIKE));
        give(buyer, whole, UNIT);
        for (uint64 at = 2; at < 4; at++) {
            _cannotCut(
                whole, COMPONENT, at, abi.encodeWithSelector(ILedger.CutOutsideMask.selector, at, uint8(5))
            );
        }
    }

    function testFuzz_split_revertsIfOutsideInterval(Box memory seed, uint64 at) public {
        BoxId whole = toFull(seed);
        give(buyer, whole, UNIT);
        uint64[6] memory cuts = [
            at > whole.start() && at < whole.end() ? 0 : at,
            whole.start(),
            whole.end(),
            whole.end() + 1,
            whole.start() - 1,
            uint64(2 ** 24) + whole.start() + 1
        ];
        for (uint256 i = 0; i < cuts.length; i++) {
            bytes memory reason = abi.encodeWithSelector(
                ILedger.CutOutsideInterval.selector, cuts[i], whole.start(), whole.end()
            );
            _cannotCut(whole, TIME, cuts[i], reason);
        }
    }

    function testFuzz_split_revertsIfOutsideStrikes(Box memory seed, uint64 at) public {
        BoxId whole = toBox(seed);
        give(buyer, whole, UNIT);
        uint256 ceiling = whole.lo() + widthInModel(whole) / TICK;
        uint64[4] memory cuts = [
            uint64(bound(at, ceiling, Boxes.MAX_STRIKE)),
            uint64(ceiling),
            uint64(ceiling + 1),
            Boxes.MAX_STRIKE
        ];
        for (uint256 i = 0; i < cuts.length; i++) {
            uint256 limit = cuts[i] >= whole.hi() ? whole.hi() : ceiling;
            bytes memory reason =
                abi.encodeWithSelector(ILedger.CutOutsideStrikes.selector, cuts[i], whole.lo(), limit);
            _cannotCut(whole, VALUE, cuts[i], reason);
        }
        // Too low: the ceiling may be given as MAX, too.
        cuts = [uint64(bound(at, 0, whole.lo())), whole.lo(), whole.lo() / 2, 0];
        for (uint256 i = 0; i < cuts.length; i++) {
            vm.prank(buyer);
            vm.expectPartialRevert(ILedger.CutOutsideStrikes.selector);
            ledger.split(whole, VALUE, cuts[i], 1);
            vm.prank(buyer);
            vm.expectPartialRevert(ILedger.CutOutsideStrikes.selector);
            ledger.join(whole, VALUE, cuts[i], 1);
            vm.expectPartialRevert(ILedger.CutOutsideStrikes.selector);
            ledger.partsOf(whole, VALUE, cuts[i]);
        }
    }

    /// @dev Neither is a ceiling looked up where what lies above the cut is out there already.
    function testFuzz_split_cutsWhereOthersCutBefore(uint64 at, uint128 quantity) public {
        BoxId whole = fullLong(2);
        at = uint64(bound(at, 1, modelTop(whole) - 1));
        quantity = uint128(bound(quantity, 1, MOST));
        (BoxId first, BoxId second) = ledger.partsOf(whole, VALUE, at);
        give(anyone, second, 1);
        give(buyer, whole, quantity);
        vm.prank(buyer);
        (BoxId one, BoxId two) = ledger.split(whole, VALUE, at, quantity);
        assertSame(one, first);
        assertSame(two, second);
        assertHas(buyer, first, quantity);
        assertHas(buyer, second, quantity);
    }

    function test_split_revertsIfAPartOutgrowsItsSlot() public {
        BoxId whole = fullLong(1);
        (BoxId first, BoxId second) = ledger.partsOf(whole, VALUE, 5);
        BoxId[2] memory parts = [first, second];
        for (uint256 i = 0; i < 2; i++) {
            uint256 snapshot = vm.snapshotState();
            give(buyer, whole, type(uint120).max);
            give(buyer, parts[i], 1);
            vm.prank(buyer);
            vm.expectRevert(
                abi.encodeWithSelector(
                    ILedger.SupplyTooLarge.selector, uint256(type(uint120).max) + 1, type(uint120).max
                )
            );
            ledger.split(whole, VALUE, 5, type(uint120).max);
            // One less fits, to the last bit, and its neighbour in the word is as it was.
            vm.prank(buyer);
            ledger.split(whole, VALUE, 5, type(uint120).max - 1);
            assertEq(supplyOf(parts[i]), type(uint120).max);
            assertEq(supplyOf(ledger.mirrorOf(parts[i])), 1);
            assertEq(supplyOf(ledger.mirrorOf(parts[1 - i])), 0);
            assertFalse(ledger.hasFacade(parts[i]));
            vm.revertToState(snapshot);
        }
    }

    /// @dev Whoever asks gets the parts, whatever became of the source, and however old the box is.
    function testFuzz_split_worksAtAnyTime(uint256 seed, uint256 days_, bool dead) public {
        BoxId whole = fullLong(4);
        give(buyer, whole, UNIT);
        pokeDays(seed, bound(days_, 0, EPOCHS));
        if (dead) vm.etch(address(source), "");
        vm.startPrank(buyer);
        (BoxId early,) = ledger.split(whole, TIME, FIRST_EPOCH + 2, UNIT);
        (BoxId subsidy,) = ledger.split(early, COMPONENT, 1, UNIT);
        ledger.split(subsidy, VALUE, 77, UNIT);
        ledger.join(subsidy, VALUE, 77, UNIT);
        ledger.join(early, COMPONENT, 1, UNIT);
        ledger.join(whole, TIME, FIRST_EPOCH + 2, UNIT);
        assertHas(buyer, whole, UNIT);
    }

    function testFuzz_split_keepsThePayoff(Box memory seed, uint256 cut, uint256 days_) public {
        useComponents(3);
        BoxId whole = toBox(seed);
        (ILedger.Axis axis, uint64 at) = _someCut(whole, cut);
        vm.assume(at != 0);
        uint128 quantity = uint128(bound(cut, 1, MOST));
        give(buyer, whole, quantity);
        uint256 alone = _redeemed(whole, quantity, days_);

        vm.prank(buyer);
        (BoxId first, BoxId second) = ledger.split(whole, axis, at, quantity);
        pokeDays(days_, EPOCHS);
        uint256 sum = payoffInModel(first, earnedBefore(first, first.end()))
            + payoffInModel(second, earnedBefore(second, second.end()));
        assertEq(sum, payoffInModel(whole, earnedBefore(whole, whole.end())));
        vm.startPrank(buyer);
        uint256 paid = ledger.redeem(first, quantity, buyer) + ledger.redeem(second, quantity, buyer);
        assertLe(paid, alone);
        assertGe(paid + 1, alone);
    }

    function testFuzz_split_commutes(uint8 by, uint24 at, uint64 strike, uint128 quantity) public {
        useComponents(4);
        BoxId whole = slice(0, EPOCHS, 0, Boxes.MAX_STRIKE);
        by = uint8(bound(by, 1, 14));
        at = uint24(bound(at, FIRST_EPOCH + 1, FIRST_EPOCH + EPOCHS - 1));
        quantity = uint128(bound(quantity, 1, MOST));
        strike = uint64(bound(strike, 1, 999));
        give(buyer, whole, quantity);
        uint256 snapshot = vm.snapshotState();

        BoxId[4] memory one = cutTwice(buyer, whole, [COMPONENT, TIME], [uint64(by), at], quantity);
        for (uint256 i = 0; i < 4; i++) {
            assertHas(buyer, one[i], quantity);
        }
        vm.revertToState(snapshot);
        BoxId[4] memory other = cutTwice(buyer, whole, [TIME, COMPONENT], [uint64(at), by], quantity);
        assertSame(one[0], other[0]);
        assertSame(one[1], other[2]);
        assertSame(one[2], other[1]);
        assertSame(one[3], other[3]);
        for (uint256 i = 0; i < 4; i++) {
            assertHas(buyer, one[i], quantity);
        }
        // Two cuts of the value, in both orders.
        vm.revertToState(snapshot);
        vm.startPrank(buyer);
        (BoxId low, BoxId high) = ledger.split(whole, VALUE, strike, quantity);
        (, BoxId middle) = ledger.split(high, VALUE, 999 + strike, quantity);
        ledger.join(high, VALUE, 999 + strike, quantity);
        ledger.join(whole, VALUE, strike, quantity);
        (BoxId both, BoxId highest) = ledger.split(whole, VALUE, 999 + strike, quantity);
        (BoxId lowest,) = ledger.split(both, VALUE, strike, quantity);
        assertSame(lowest, low);
        assertSame(highest, middle);
    }

    /* JOIN */

    function testFuzz_join_undoesSplit(Box memory seed, uint256 cut, uint128 quantity, uint128 part) public {
        useComponents(3);
        BoxId whole = toBox(seed);
        (ILedger.Axis axis, uint64 at) = _someCut(whole, cut);
        vm.assume(at != 0);
        quantity = uint128(bound(quantity, 1, MOST));
        part = uint128(bound(part, 1, quantity));
        uint256 cash = give(buyer, whole, quantity);
        vm.startPrank(buyer);
        (BoxId first, BoxId second) = ledger.split(whole, axis, at, quantity);

        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(buyer, buyer, address(0), BoxId.unwrap(first), part);
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(buyer, buyer, address(0), BoxId.unwrap(second), part);
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(buyer, address(0), buyer, BoxId.unwrap(whole), part);
        vm.recordLogs();
        (BoxId one, BoxId two) = ledger.join(whole, axis, at, part);

        assertEq(vm.getRecordedLogs().length, 3);
        assertSame(one, first);
        assertSame(two, second);
        assertHas(buyer, whole, part);
        assertEq(supplyOf(whole), part);
        assertHas(buyer, first, quantity - part);
        assertEq(supplyOf(first), quantity - part);
        assertHas(buyer, second, quantity - part);
        assertEq(supplyOf(second), quantity - part);
        assertEq(ledger.reserveOf(index), cash);
        assertEq(token.balanceOf(address(ledger)), cash);
    }

    function test_join_revertsIfAPartIsMissing() public {
        BoxId whole = fullLong(2);
        give(buyer, whole, UNIT);
        vm.startPrank(buyer);
        (BoxId first, BoxId second) = ledger.split(whole, COMPONENT, 1, UNIT);
        vm.expectRevert(ILedger.QuantityZero.selector);
        ledger.join(whole, COMPONENT, 1, 0);
        expectNotEnough(buyer, first, UNIT, UNIT + 1);
        ledger.join(whole, COMPONENT, 1, UNIT + 1);
        ledger.transfer(miner, BoxId.unwrap(second), 1);
        expectNotEnough(buyer, second, UNIT - 1, UNIT);
        ledger.join(whole, COMPONENT, 1, UNIT);
        vm.stopPrank();
        // He who has one part only: nothing comes of the other.
        vm.prank(miner);
        expectNotEnough(miner, first, 0, 1);
        ledger.join(whole, COMPONENT, 1, 1);
    }

    function test_join_revertsIfTheWholeCannotExist() public {
        Box memory box = fullLong(2).unpack();
        box.end = box.start;
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(ILedger.IntervalEmpty.selector, box.start, box.start));
        ledger.join(Boxes.pack(box), COMPONENT, 1, 1);
        box = fullLong(2).unpack();
        box.mask = 7;
        vm.expectRevert(abi.encodeWithSelector(ILedger.MaskOutside.selector, uint8(7), uint8(2)));
        ledger.join(Boxes.pack(box), COMPONENT, 4, 1);
        box = fullLong(2).unpack();
        uint256 top = modelTop(Boxes.pack(box));
        box.hi = uint64(top);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotCanonical.selector, Boxes.pack(box), top));
        ledger.join(Boxes.pack(box), VALUE, 5, 1);
        BoxId malformed = BoxId.wrap(BoxId.unwrap(fullLong(2)) | 1);
        vm.expectRevert(abi.encodeWithSelector(ILedger.MalformedId.selector, malformed));
        ledger.join(malformed, COMPONENT, 1, 1);
        malformed = BoxId.wrap(BoxId.unwrap(fullLong(2)) | (1 << 249));
        vm.expectRevert(abi.encodeWithSelector(ILedger.MalformedId.selector, malformed));
        ledger.partsOf(malformed, COMPONENT, 1);
    }

    function test_join_revertsIfTheWholeOutgrowsItsSlot() public {
        BoxId whole = fullLong(1);
        (BoxId first, BoxId second) = ledger.partsOf(whole, VALUE, 5);
        give(buyer, first, 1);
        give(buyer, second, 1);
        give(buyer, whole, type(uint120).max);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.SupplyTooLarge.selector, uint256(type(uint120).max) + 1, type(uint120).max
            )
        );
        ledger.join(whole, VALUE, 5, 1);
    }

    /* HELPERS */

    /// @dev Splits a part of what the buyer has, and looks at all that changed and all that did not.
    function _splits(
        BoxId whole,
        ILedger.Axis axis,
        uint64 at,
        uint128 quantity,
        uint128 part,
        BoxId first,
        BoxId second
    ) private {
        quantity = uint128(bound(quantity, 1, MOST));
        part = uint128(bound(part, 1, quantity));
        uint256 cash = give(buyer, whole, quantity);
        (BoxId one, BoxId two) = ledger.partsOf(whole, axis, at);
        assertSame(one, first);
        assertSame(two, second);
        // Both can exist.
        ledger.topTicksOf(first);
        ledger.topTicksOf(second);

        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(buyer, buyer, address(0), BoxId.unwrap(whole), part);
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(buyer, address(0), buyer, BoxId.unwrap(first), part);
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(buyer, address(0), buyer, BoxId.unwrap(second), part);
        vm.recordLogs();
        vm.prank(buyer);
        (one, two) = ledger.split(whole, axis, at, part);

        assertEq(vm.getRecordedLogs().length, 3);
        assertSame(one, first);
        assertSame(two, second);
        assertHas(buyer, whole, quantity - part);
        assertEq(supplyOf(whole), quantity - part);
        assertHas(buyer, first, part);
        assertEq(supplyOf(first), part);
        assertHas(buyer, second, part);
        assertEq(supplyOf(second), part);
        assertEq(supplyOf(ledger.mirrorOf(whole)), quantity);
        assertEq(supplyOf(ledger.mirrorOf(first)) + supplyOf(ledger.mirrorOf(second)), 0);
        assertEq(ledger.reserveOf(index), cash);
        assertEq(token.balanceOf(address(ledger)), cash);
    }

    function _cannotCut(BoxId whole, ILedger.Axis axis, uint64 at, bytes memory reason) private {
        vm.startPrank(buyer);
        vm.expectRevert(reason);
        ledger.split(whole, axis, at, 1);
        vm.expectRevert(reason);
        ledger.join(whole, axis, at, 1);
        vm.stopPrank();
        vm.expectRevert(reason);
        ledger.partsOf(whole, axis, at);
    }

    /// @dev A cut that is allowed, or 0 where the box has none of the kind drawn.
    function _someCut(BoxId whole, uint256 seed) private view returns (ILedger.Axis axis, uint64 at) {
        uint256 draw = uint256(keccak256(abi.encode(seed)));
        bool full = whole.lo() == 0 && whole.hi() == Boxes.MAX_STRIKE;
        axis = full ? ILedger.Axis(draw % 3) : VALUE;
        draw >>= 8;
        if (axis == COMPONENT) {
            at = uint64(draw) & whole.mask();
            return (axis, at == whole.mask() ? 0 : at);
        }
        uint256 from = axis == TIME ? whole.start() : whole.lo();
        uint256 to = axis == TIME ? whole.end() : whole.lo() + widthInModel(whole) / TICK;
        if (to - from > 1) at = uint64(from + 1 + draw % (to - from - 1));
    }

    /// @dev What the whole pays, on a path that is undone.
    function _redeemed(BoxId whole, uint128 quantity, uint256 seed) private returns (uint256 cash) {
        uint256 snapshot = vm.snapshotState();
        pokeDays(seed, EPOCHS);
        vm.prank(buyer);
        cash = ledger.redeem(whole, quantity, buyer);
        vm.revertToState(snapshot);
    }
}
