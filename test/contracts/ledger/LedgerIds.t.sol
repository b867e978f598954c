// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BoxTest} from "./BoxTest.sol";

// An id that cannot exist: garbage in the flags or the low bits, a mask outside, an interval or strikes that are empty or
// outside, the top not written as MAX; of either side, while the canonical id it resembles is held by many
// ├── has no supply, no holder, no facade, and cannot get any
// ├── is refused by every view, with the reason
// └── moves in no amount but nothing, and is in nobody's way
// An id that can exist
// ├── mirrorOf is the other side, and its mirror is the id; topTicksOf is the sum of the caps over the days
// ├── payoffOf is the model's; the two sides add up to the width; above the top → reverts EarnedAboveTop
// ├── boundsOf is what the least and the most of what may come would pay
// │   ├── narrows with every day that is poked, and at maturity both are what is paid
// │   └── before anything is known: nothing and the width
// └── every preview is what is done
contract LedgerIdsTest is BoxTest {
    /* IDS THAT CANNOT EXIST */

    /// @dev Any garbage on any box of which both sides are out there.
    function testFuzz_totalSupply_ofWhatCannotExistIsZero(Box memory seed, uint256 garbage) public {
        BoxId id = toBox(seed);
        give(buyer, id, UNIT);
        give(buyer, mirrorInModel(id), UNIT);
        // Any of the bits that have no meaning, and at least one.
        garbage &= (uint256(0xfe) << 248) | type(uint32).max;
        if (garbage == 0) garbage = 1 << 249;
        _isNothing(BoxId.wrap(BoxId.unwrap(id) | garbage), id, ILedger.MalformedId.selector);
    }

    function testFuzz_deployFacade_revertsIfIdCannotExist(Box memory seed, uint8 flag) public {
        BoxId full = toFull(seed);
        give(buyer, full, UNIT);
        give(buyer, mirrorInModel(full), UNIT);
        BoxId garbage = BoxId.wrap(BoxId.unwrap(full) | (uint256(1) << (249 + flag % 7)));
        vm.expectRevert(abi.encodeWithSelector(ILedger.MalformedId.selector, garbage));
        ledger.deployFacade(garbage);
        // The real one is still free to move, and to get a facade of its own.
        vm.startPrank(buyer);
        ledger.transfer(miner, BoxId.unwrap(full), 1);
        ledger.deployFacade(full);
        ledger.transfer(miner, BoxId.unwrap(full), 1);
        assertFalse(ledger.hasFacade(garbage));
    }

    /// @dev The top written out, and beyond it.
    function testFuzz_totalSupply_ofAnotherCeilingIsZero(Box memory seed, uint64 beyond) public {
        seed.hi = Boxes.MAX_STRIKE;
        BoxId id = toBox(seed);
        Box memory box = id.unpack();
        uint256 top = modelTop(id);
        vm.assume(box.hi == Boxes.MAX_STRIKE);
        give(buyer, id, UNIT);
        give(buyer, mirrorInModel(id), UNIT);
        box.hi = uint64(bound(beyond, top, Boxes.MAX_STRIKE - 1));
        _isNothing(Boxes.pack(box), id, ILedger.NotCanonical.selector);
        box.hi = uint64(top);
        _isNothing(Boxes.pack(box), id, ILedger.NotCanonical.selector);
    }

    /// @dev Floors at and above the top, whose mirrors would wrap around.
    function testFuzz_totalSupply_ofAFloorAboveTheTopIsZero(Box memory seed, uint64 lo, uint64 hi) public {
        BoxId id = toBox(seed);
        give(buyer, id, UNIT);
        give(buyer, mirrorInModel(id), UNIT);
        Box memory box = id.unpack();
        uint256 top = modelTop(id);
        box.lo = uint64(bound(lo, top, Boxes.MAX_STRIKE - 2));
        box.hi = uint64(bound(hi, box.lo + 1, Boxes.MAX_STRIKE - 1));
        _isNothing(Boxes.pack(box), id, ILedger.FloorAboveTop.selector);
        box.hi = Boxes.MAX_STRIKE;
        _isNothing(Boxes.pack(box), id, ILedger.FloorAboveTop.selector);
        box.lo = uint64(top);
        _isNothing(Boxes.pack(box), id, ILedger.FloorAboveTop.selector);
        // Whose mirror ends on all ones.
        box.lo = uint64(top + 1);
        _isNothing(Boxes.pack(box), id, ILedger.FloorAboveTop.selector);
        (box.lo, box.hi) = (Boxes.MAX_STRIKE, Boxes.MAX_STRIKE);
        _isNothing(Boxes.pack(box), id, ILedger.StrikesEmpty.selector);
    }

    function testFuzz_totalSupply_ofEmptyStrikesIsZero(Box memory seed, uint64 lo, uint64 hi) public {
        BoxId id = toBox(seed);
        give(buyer, id, UNIT);
        give(buyer, mirrorInModel(id), UNIT);
        Box memory box = id.unpack();
        box.lo = uint64(bound(lo, 0, modelTop(id)));
        box.hi = uint64(bound(hi, 0, box.lo));
        _isNothing(Boxes.pack(box), id, ILedger.StrikesEmpty.selector);
    }

    function testFuzz_totalSupply_ofAnotherIntervalIsZero(Box memory seed, uint24 start, uint24 end) public {
        BoxId id = toFull(seed);
        give(buyer, id, UNIT);
        give(buyer, mirrorInModel(id), UNIT);
        Box memory box = id.unpack();
        box.start = uint24(bound(start, FIRST_EPOCH, type(uint24).max));
        box.end = uint24(bound(end, 0, box.start));
        _isNothing(Boxes.pack(box), id, ILedger.IntervalEmpty.selector);
        box.start = uint24(bound(start, 0, FIRST_EPOCH - 1));
        box.end = uint24(bound(end, box.start + 1, FIRST_EPOCH + EPOCHS));
        _isNothing(Boxes.pack(box), id, ILedger.StartsBeforeIndex.selector);
    }

    function testFuzz_totalSupply_ofAnotherMaskOrIndexIsZero(Box memory seed, uint8 mask, uint32 other)
        public
    {
        BoxId id = toFull(seed);
        give(buyer, id, UNIT);
        give(buyer, mirrorInModel(id), UNIT);
        Box memory box = id.unpack();
        box.mask = mask & 0xfc;
        _isNothing(Boxes.pack(box), id, ILedger.MaskOutside.selector);
        box.mask = 0;
        _isNothing(Boxes.pack(box), id, ILedger.MaskOutside.selector);
        box = id.unpack();
        box.index = other == index ? 0 : other;
        _isNothing(Boxes.pack(box), id, ILedger.NoSuchIndex.selector);
    }

    /* IDS THAT CAN EXIST */

    function testFuzz_mirrorOf_isTheOtherSide(Box memory seed, uint256 count) public {
        useComponents(bound(count, 1, 8));
        BoxId id = toBox(seed);
        assertSame(ledger.mirrorOf(id), mirrorInModel(id));
        assertSame(ledger.mirrorOf(ledger.mirrorOf(id)), id);
        assertEq(ledger.topTicksOf(id), modelTop(id));
    }

    function testFuzz_payoffOf_isTheModels(Box memory seed, uint256 earned) public {
        useComponents(3);
        BoxId id = toBox(seed);
        uint256 most = modelTop(id) * TICK;
        // On the strikes and a hair beside them, and anywhere.
        uint256 floor = uint256(id.lo()) * TICK;
        uint256[7] memory values = [
            bound(earned, 0, most),
            0,
            most,
            floor,
            floor + 1,
            floor + widthInModel(id),
            floor + widthInModel(id) - 1
        ];
        for (uint256 i = 0; i < values.length; i++) {
            uint256 value = ledger.payoffOf(id, values[i]);
            assertEq(value, payoffInModel(id, values[i]));
            assertEq(value + ledger.payoffOf(ledger.mirrorOf(id), values[i]), widthInModel(id));
        }
        earned = bound(earned, most + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ILedger.EarnedAboveTop.selector, earned, most));
        ledger.payoffOf(id, earned);
        vm.expectRevert(abi.encodeWithSelector(ILedger.EarnedAboveTop.selector, most + 1, most));
        ledger.payoffOf(id, most + 1);
    }

    function testFuzz_boundsOf_areTheLeastAndTheMost(Box memory seed, uint256 days_) public {
        useComponents(3);
        BoxId id = toBox(seed);
        (uint256 lastLeast, uint256 lastMost) = ledger.boundsOf(id);
        if (id.start() >= FIRST_EPOCH) {
            assertEq(lastLeast, 0);
            assertEq(lastMost, widthInModel(id));
        }
        for (uint24 known = FIRST_EPOCH; known <= FIRST_EPOCH + EPOCHS; known++) {
            (uint256 least, uint256 most) = ledger.boundsOf(id);
            (uint256 expectedLeast, uint256 expectedMost) = _boundsInModel(id, known);
            assertEq(least, expectedLeast);
            assertEq(most, expectedMost);
            assertGe(least, lastLeast);
            assertLe(most, lastMost);
            (lastLeast, lastMost) = (least, most);
            if (known < FIRST_EPOCH + EPOCHS) pokeRandom(days_);
        }
        uint256 paid = payoffInModel(id, earnedBefore(id, id.end()));
        assertEq(lastLeast, paid);
        assertEq(lastMost, paid);
    }

    function testFuzz_previews_areWhatIsDone(Box memory seed, uint128 quantity, uint256 days_) public {
        useComponents(3);
        BoxId id = toBox(seed);
        BoxId long = id.isShort() ? ledger.mirrorOf(id) : id;
        quantity = uint128(bound(quantity, 4, MOST));
        fund(miner, widthInModel(long) * quantity / VALUE_SCALE + 1);
        vm.startPrank(miner);
        uint256 seen = ledger.previewEscrow(long, quantity);
        uint256 before = token.balanceOf(miner);
        assertEq(ledger.escrow(long, quantity, miner, miner), seen);
        assertEq(before - token.balanceOf(miner), seen);
        seen = ledger.previewMerge(long, quantity / 2);
        assertEq(ledger.merge(long, quantity / 2, anyone), seen);
        assertEq(token.balanceOf(anyone), seen);
        vm.stopPrank();
        pokeDays(days_, EPOCHS);
        vm.startPrank(miner);
        seen = ledger.previewRedeem(id, quantity / 4);
        assertEq(ledger.redeem(id, quantity / 4, buyer), seen);
        assertEq(token.balanceOf(buyer), seen);
        BoxId short = ledger.mirrorOf(long);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotLong.selector, short));
        ledger.previewEscrow(short, 1);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotLong.selector, short));
        ledger.previewMerge(short, 1);
    }

    /* LAYOUT */

    /// @dev Every field at its largest or anywhere, while its neighbours in the same word move.
    function testFuzz_register_fieldsDoNotSpill(
        uint24 firstEpoch,
        uint64 tick,
        uint64[8] memory most,
        uint8 count
    ) public {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.firstEpoch = uint24(bound(firstEpoch, 0, type(uint24).max - 1));
        terms.tick = uint64(bound(tick, 2 ** 45, 2 ** 60));
        terms.caps = new uint64[](bound(count, 1, 8));
        for (uint256 k = 0; k < terms.caps.length; k++) {
            terms.caps[k] = uint64(bound(most[k], 2 ** 63, type(uint64).max - 1));
        }
        index = ledger.register(terms);
        uint24 first = terms.firstEpoch;
        BoxId long = Boxes.pack(Box(false, 1, index, first, first + 1, 0, Boxes.MAX_STRIKE));
        uint256 width = uint256(terms.caps[0]) * terms.tick;
        uint128 quantity = uint128(type(uint96).max * VALUE_SCALE / width);
        fund(miner, type(uint96).max);
        _readsBack(terms, 0, first);
        vm.prank(miner);
        uint256 cash = ledger.escrow(long, quantity, miner, miner);
        assertEq(cash / 1e9, uint256(type(uint96).max) / 1e9);
        _readsBack(terms, cash, first);
        uint256[] memory rewards = new uint256[](terms.caps.length);
        rewards[0] = type(uint256).max;
        source.set(BTC, first, rewards);
        ledger.poke(index);
        _readsBack(terms, cash, first + 1);
        vm.prank(miner);
        ledger.redeem(long, quantity, miner);
        _readsBack(terms, cash - width * quantity / VALUE_SCALE, first + 1);
        assertEq(ledger.prefixSum(index, 0, first + 1), width);
    }

    function _readsBack(ILedger.IndexTerms memory terms, uint256 reserve, uint24 until) private view {
        assertEq(abi.encode(ledger.termsOf(index)), abi.encode(terms));
        assertEq(ledger.reserveOf(index), reserve);
        assertEq(ledger.pokedUntil(index), until);
    }

    /* HELPERS */

    function _isNothing(BoxId id, BoxId real, bytes4 reason) private {
        uint256 raw = BoxId.unwrap(id);
        assertEq(ledger.totalSupply(raw), 0);
        assertEq(ledger.balanceOf(buyer, raw), 0);
        assertFalse(ledger.hasFacade(id));
        _everyViewRefuses(id, reason);
        vm.startPrank(buyer);
        expectNotEnough(buyer, id, 0, 1);
        ledger.transfer(miner, raw, 1);
        expectNotEnough(buyer, id, 0, 1);
        ledger.split(id, ILedger.Axis.Value, 1, 1);
        expectNotEnough(buyer, id, 0, 1);
        ledger.realise(id, 1, 1, buyer);
        expectNotEnough(buyer, id, 0, 1);
        ledger.redeem(id, 1, buyer);
        // Nothing is always there, and moves nothing.
        ledger.transfer(miner, raw, 0);
        vm.stopPrank();
        // What it resembles is as free as before, and knows nothing of it when it is listed.
        if (!ledger.hasFacade(real)) ledger.deployFacade(real);
        assertFalse(ledger.hasFacade(id));
        vm.prank(buyer);
        ledger.transfer(buyer, BoxId.unwrap(real), UNIT);
    }

    function _everyViewRefuses(BoxId id, bytes4 reason) private {
        vm.expectPartialRevert(reason);
        ledger.deployFacade(id);
        vm.expectPartialRevert(reason);
        ledger.topTicksOf(id);
        vm.expectPartialRevert(reason);
        ledger.mirrorOf(id);
        vm.expectPartialRevert(reason);
        ledger.payoffOf(id, 0);
        vm.expectPartialRevert(reason);
        ledger.boundsOf(id);
        vm.expectPartialRevert(reason);
        ledger.partsOf(id, ILedger.Axis.Value, 1);
        vm.expectPartialRevert(reason);
        ledger.previewRealise(id, 1, 1);
        vm.expectPartialRevert(reason);
        ledger.previewRedeem(id, 1);
        vm.expectPartialRevert(reason);
        ledger.name(BoxId.unwrap(id));
        vm.expectPartialRevert(reason);
        ledger.symbol(BoxId.unwrap(id));
        vm.expectPartialRevert(reason);
        ledger.tokenURI(BoxId.unwrap(id));
        bool isShort = id.isShort();
        vm.expectPartialRevert(isShort ? ILedger.NotLong.selector : reason);
        ledger.previewEscrow(id, 1);
        vm.expectPartialRevert(isShort ? ILedger.NotLong.selector : reason);
        ledger.escrow(id, 1, buyer, buyer);
        vm.prank(buyer);
        vm.expectPartialRevert(reason);
        ledger.join(id, ILedger.Axis.Value, 1, 1);
    }

    /// @dev What is paid if nothing, or every cap, comes from `known` on; the short has its least where the long has its most.
    function _boundsInModel(BoxId id, uint24 known) private view returns (uint256 least, uint256 most) {
        uint24 until = known > id.end() ? id.end() : known < id.start() ? id.start() : known;
        uint256 nothing = earnedBefore(id, until);
        Box memory box = id.unpack();
        box.start = until;
        uint256 everything = nothing + modelTop(Boxes.pack(box)) * TICK;
        (uint256 a, uint256 b) = (payoffInModel(id, nothing), payoffInModel(id, everything));
        return a < b ? (a, b) : (b, a);
    }
}
