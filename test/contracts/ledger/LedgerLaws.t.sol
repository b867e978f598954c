// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";

// K7: the verbs obey the laws of the algebra, on boxes of both sides, any strikes, any days
// ├── split, then the join with the same arguments → as it was
// ├── two cuts along one axis, or one by component and one by time → the same parts in either order
// ├── escrow, then merge → costs 0 or 1
// ├── realise at one day, then at a later one → no more than at the later one alone, less by at most 1 and two ticks
// ├── realise on the way, then redeem → no more than redeem alone, less by at most 1 and two ticks a step
// ├── realise at maturity → redeem
// └── redeem in two parts → no more than at once, less by at most 1
contract LedgerLawsTest is BaseTest {
    uint24 private constant DAYS = 6;
    uint8 private constant ALL = 7;
    uint64[3] private CAPS = [58_000e9, 6000e9, 77];

    /// @dev Three components, so that there are two cuts by component.
    function setUp() public override {
        super.setUp();
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.caps = new uint64[](3);
        for (uint256 k = 0; k < 3; k++) {
            terms.caps[k] = CAPS[k];
        }
        index = ledger.register(terms);
    }

    /* CUTS */

    function testFuzz_split_isUndoneByJoin(uint256 seed, uint8 axis_, uint128 quantity) public {
        ILedger.Axis axis = ILedger.Axis(axis_ % 3);
        BoxId whole = _box(seed, axis == ILedger.Axis.Value);
        uint64 at = _cut(whole, axis, seed);
        quantity = _hold(whole, quantity);
        uint256 reserve = ledger.reserveOf(index);

        vm.startPrank(miner);
        (BoxId first, BoxId second) = ledger.split(whole, axis, at, quantity);
        assertEq(_has(first), quantity);
        assertEq(_has(second), quantity);
        assertEq(_has(whole), 0);
        ledger.join(whole, axis, at, quantity);

        assertEq(_has(first) + _has(second) + supplyOf(first) + supplyOf(second), 0);
        assertEq(_has(whole), quantity);
        assertEq(supplyOf(whole), quantity);
        assertEq(ledger.reserveOf(index), reserve);
    }

    /// @dev Of [a,d), cut at b and at c: the middle part is the same.
    function testFuzz_split_cutsAlongOneAxisCommute(uint256 seed, uint8 axis_, uint128 quantity) public {
        ILedger.Axis axis = ILedger.Axis(axis_ % 3);
        BoxId whole = _box(seed, axis == ILedger.Axis.Value);
        (uint64 b, uint64 c) = _twoCuts(whole, axis, seed);
        quantity = _hold(whole, quantity);
        uint256 before = vm.snapshotState();
        BoxId[3] memory parts = _thirds(whole, axis, b, c, quantity);
        vm.revertToState(before);

        vm.startPrank(miner);
        (BoxId front, BoxId last) = ledger.split(whole, axis, c, quantity);
        (BoxId first, BoxId middle) = ledger.split(front, axis, b, quantity);

        assertTrue(first == parts[0] && middle == parts[1] && last == parts[2]);
        for (uint256 i = 0; i < 3; i++) {
            assertEq(_has(parts[i]), quantity);
        }
    }

    function testFuzz_split_cutsByComponentAndTimeCommute(uint256 seed, uint128 quantity) public {
        BoxId whole = _box(seed, false);
        (uint64 mask, uint64 day) =
            (_cut(whole, ILedger.Axis.Component, seed), _cut(whole, ILedger.Axis.Time, seed));
        quantity = _hold(whole, quantity);
        uint256 before = vm.snapshotState();
        BoxId[4] memory parts =
            cutTwice(miner, whole, [ILedger.Axis.Component, ILedger.Axis.Time], [mask, day], quantity);
        vm.revertToState(before);
        BoxId[4] memory others =
            cutTwice(miner, whole, [ILedger.Axis.Time, ILedger.Axis.Component], [day, mask], quantity);

        assertTrue(parts[0] == others[0] && parts[3] == others[3]);
        assertTrue(parts[1] == others[2] && parts[2] == others[1]);
        for (uint256 i = 0; i < 4; i++) {
            assertEq(_has(parts[i]), quantity);
        }
    }

    /// @dev A cut by value does not commute with the others, and nothing pretends that it does.
    function testFuzz_split_revertsIfASliceIsCutByComponentOrTime(uint256 seed, bool byTime, bool upper)
        public
    {
        BoxId whole = _box(seed, false);
        ILedger.Axis axis = byTime ? ILedger.Axis.Time : ILedger.Axis.Component;
        uint64 at = _cut(whole, axis, seed);
        _hold(whole, 1);
        vm.startPrank(miner);
        (BoxId below, BoxId above) =
            ledger.split(whole, ILedger.Axis.Value, _cut(whole, ILedger.Axis.Value, seed), 1);
        BoxId slice = upper ? above : below;
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotFull.selector, slice));
        ledger.split(slice, axis, at, 1);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotFull.selector, slice));
        ledger.join(slice, axis, at, 1);
    }

    /* CASH */

    function testFuzz_merge_ofAnEscrowCostsAtMostOne(uint256 seed, uint128 quantity, uint8 known) public {
        _poke(bound(known, 0, DAYS), seed);
        BoxId long = _long(_box(seed, true));
        quantity = uint128(bound(quantity, 1, 1e30));
        uint256 paid = escrowAs(miner, long, quantity);
        vm.prank(miner);
        uint256 back = ledger.merge(long, quantity, miner);
        assertLe(back, paid);
        assertLe(paid - back, 1);
        assertEq(ledger.reserveOf(index), paid - back);
    }

    /// @dev K10, to the end: whoever escrows at any moment and waits gets out what he paid in, less the roundings.
    function testFuzz_escrow_atAnyTimeIsNeutral(uint256 seed, uint128 quantity, uint8 known) public {
        uint256 until = bound(known, 0, DAYS);
        _poke(until, seed);
        BoxId long = _long(_box(seed, true));
        quantity = uint128(bound(quantity, 1, 1e30));
        uint256 paid = escrowAs(miner, long, quantity);
        _poke(DAYS - until, seed >> 1);
        BoxId short = ledger.mirrorOf(long);
        vm.startPrank(miner);
        uint256 back = ledger.redeem(long, quantity, miner) + ledger.redeem(short, quantity, miner);
        assertLe(back, paid);
        assertLe(paid - back, 2);
    }

    function testFuzz_realise_inTwoStepsPaysNoMore(uint256 seed, uint128 quantity, uint8 one, uint8 two)
        public
    {
        BoxId id = _box(seed, true);
        uint24 last = uint24(bound(two, id.start() + 2, id.end()));
        uint24 until = uint24(bound(one, id.start() + 1, last - 1));
        quantity = _hold(id, quantity);
        _poke(DAYS, seed);

        uint256 before = vm.snapshotState();
        vm.startPrank(miner);
        (uint256 atOnce,) = ledger.realise(id, last, quantity, miner);
        vm.revertToState(before);
        (uint256 cash, BoxId rest) = ledger.realise(id, until, quantity, miner);
        if (rest != BoxId.wrap(0)) {
            (uint256 more,) = ledger.realise(rest, last, quantity, miner);
            cash += more;
        }

        assertLe(cash, atOnce);
        assertLe(atOnce - cash, 1 + _ticksUp(quantity, 2));
    }

    function testFuzz_realise_onTheWayPaysNoMore(uint256 seed, uint128 quantity) public {
        BoxId id = _box(seed, true);
        quantity = _hold(id, quantity);
        _poke(DAYS, seed);

        uint256 before = vm.snapshotState();
        vm.startPrank(miner);
        uint256 atOnce = ledger.redeem(id, quantity, miner);
        vm.revertToState(before);
        uint256 cash = 0;
        uint256 steps = 0;
        for (BoxId rest = id; rest != BoxId.wrap(0); steps++) {
            uint256 paid;
            (paid, rest) = ledger.realise(rest, rest.start() + 1, quantity, miner);
            cash += paid;
        }

        assertLe(cash, atOnce);
        assertLe(atOnce - cash, steps + _ticksUp(quantity, 2 * steps));
        assertLe(steps, id.end() - id.start());
    }

    function testFuzz_realise_atMaturityIsRedeem(uint256 seed, uint128 quantity) public {
        BoxId id = _box(seed, true);
        quantity = _hold(id, quantity);
        _poke(DAYS, seed);

        uint256 before = vm.snapshotState();
        vm.startPrank(miner);
        uint256 redeemed = ledger.redeem(id, quantity, miner);
        vm.revertToState(before);
        (uint256 realised, BoxId rest) = ledger.realise(id, id.end(), quantity, miner);

        assertEq(realised, redeemed);
        assertTrue(rest == BoxId.wrap(0));
    }

    function testFuzz_redeem_inPartsPaysNoMore(uint256 seed, uint128 quantity, uint128 part) public {
        BoxId id = _box(seed, true);
        quantity = _hold(id, uint128(bound(quantity, 2, 1e30)));
        part = uint128(bound(part, 1, quantity - 1));
        _poke(DAYS, seed);

        uint256 before = vm.snapshotState();
        vm.startPrank(miner);
        uint256 atOnce = ledger.redeem(id, quantity, miner);
        vm.revertToState(before);
        uint256 inParts = ledger.redeem(id, part, miner) + ledger.redeem(id, quantity - part, miner);

        assertLe(inParts, atOnce);
        assertLe(atOnce - inParts, 1);
    }

    /* HELPERS */

    /// @dev Of either side: all components and days, or, `sliced`, some, with any strikes.
    function _box(uint256 seed, bool sliced) private view returns (BoxId id) {
        seed = uint256(keccak256(abi.encode(seed, sliced)));
        Box memory box = Box(seed & 1 == 0, ALL, index, FIRST_EPOCH, FIRST_EPOCH + DAYS, 0, Boxes.MAX_STRIKE);
        if (!sliced) return Boxes.pack(box);
        box.mask = uint8(1 + (seed >> 8) % ALL);
        box.start += uint24((seed >> 16) % (DAYS - 1));
        box.end = box.start + 2 + uint24((seed >> 24) % (FIRST_EPOCH + DAYS - 1 - box.start));
        id = Boxes.pack(box);
        uint256 top = ledger.topTicksOf(id);
        uint256 lo = (seed >> 32) % 4 == 0 ? 0 : (seed >> 40) % (top - 3);
        uint256 hi = lo + 4 + (seed >> 128) % (top - lo - 3);
        if ((seed >> 34) % 4 == 0) hi = top;
        return id.withStrikes(uint64(lo), hi == top ? Boxes.MAX_STRIKE : uint64(hi));
    }

    function _cut(BoxId id, ILedger.Axis axis, uint256 seed) private view returns (uint64) {
        seed = uint256(keccak256(abi.encode(seed, axis)));
        if (axis == ILedger.Axis.Component) return uint64(1 + seed % (ALL - 1));
        if (axis == ILedger.Axis.Time) return uint64(id.start() + 1 + seed % (id.end() - id.start() - 1));
        return uint64(id.lo() + 1 + seed % (_ceiling(id) - id.lo() - 1));
    }

    /// @dev Of components the first one, and the first two.
    function _twoCuts(BoxId id, ILedger.Axis axis, uint256 seed) private view returns (uint64 b, uint64 c) {
        if (axis == ILedger.Axis.Component) return (1, 3);
        uint256 from = axis == ILedger.Axis.Time ? id.start() : id.lo();
        uint256 to = axis == ILedger.Axis.Time ? id.end() : _ceiling(id);
        b = uint64(from + 1 + uint256(keccak256(abi.encode(seed, "b"))) % (to - from - 2));
        c = uint64(b + 1 + uint256(keccak256(abi.encode(seed, "c"))) % (to - b - 1));
    }

    function _thirds(BoxId whole, ILedger.Axis axis, uint64 b, uint64 c, uint128 quantity)
        private
        returns (BoxId[3] memory parts)
    {
        vm.startPrank(miner);
        BoxId rest;
        (parts[0], rest) = ledger.split(whole, axis, b, quantity);
        // What the first cut left has the components of the second without those of the first.
        (parts[1], parts[2]) = ledger.split(rest, axis, axis == ILedger.Axis.Component ? c ^ b : c, quantity);
        vm.stopPrank();
    }

    function _ceiling(BoxId id) private view returns (uint256) {
        return id.hi() == Boxes.MAX_STRIKE ? ledger.topTicksOf(id) : id.hi();
    }

    function _long(BoxId id) private view returns (BoxId) {
        return id.isShort() ? ledger.mirrorOf(id) : id;
    }

    /// @dev Gives the miner that much of both sides.
    function _hold(BoxId id, uint128 quantity) private returns (uint128) {
        quantity = uint128(bound(quantity, 1, 1e30));
        escrowAs(miner, _long(id), quantity);
        return quantity;
    }

    function _has(BoxId id) private view returns (uint256) {
        return balanceOf(miner, id);
    }

    function _poke(uint256 count, uint256 seed) private {
        uint256[] memory rewards = new uint256[](3);
        for (uint256 d = 0; d < count; d++) {
            for (uint256 k = 0; k < 3; k++) {
                seed = uint256(keccak256(abi.encode(seed)));
                uint256 cap = uint256(CAPS[k]) * TICK;
                // One day in four nothing, one at the cap, half of the others on the grid.
                rewards[k] = seed % 4 == 0 ? 0 : seed % 4 == 1 ? cap : (seed >> 8) % cap;
                if (seed % 8 > 5) rewards[k] -= rewards[k] % TICK;
            }
            source.set(BTC, ledger.pokedUntil(index), rewards);
            ledger.poke(index);
        }
    }

    function _ticksUp(uint256 quantity, uint256 ticks) private pure returns (uint256) {
        return (quantity * ticks * TICK + 1e36 - 1) / 1e36;
    }
}
