// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IRewardSource} from "../../../contracts/interfaces/IRewardSource.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BoxTest} from "./BoxTest.sol";
import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

// register
// ├── token or source without code, no or too many components, a cap of 0, a tick of 0 → reverts
// └── otherwise → the next number, and terms that read back as they were given
// poke
// ├── when the source has no final day → reverts with the source's error
// ├── when the source answers another number of components → reverts WrongRewardCount
// └── otherwise → prefix sums grow by the clamped rewards, in order, and never change again
// escrow
// ├── quantity 0, a short id, an id that cannot exist, nobody to hand out to → reverts
// ├── when an end could outgrow a prefix sum → reverts EndsTooLate, and one epoch earlier does not
// ├── when supply or reserve outgrow their slots → reverts SupplyTooLarge, ReserveTooLarge
// └── otherwise → takes the width rounded up, creates both sides
// merge
// ├── when the caller lacks one side → reverts
// └── otherwise → gives the width rounded down; works without the source and before maturity
// redeem
// ├── before maturity → reverts NotMatured; more than one has → reverts
// └── otherwise → gives ⌊q·π⌋; both sides together never more than was taken, at most 2 less
contract LedgerTest is BoxTest {
    /* REGISTER */

    function test_register_revertsIfTermsAreMalformed() public {
        ILedger.IndexTerms memory terms = termsOf(anyone, address(source));
        _registerReverts(terms, abi.encodeWithSelector(ILedger.TokenHasNoCode.selector, anyone));
        terms = termsOf(address(token), anyone);
        _registerReverts(terms, abi.encodeWithSelector(ILedger.SourceHasNoCode.selector, anyone));
        terms = termsOf(address(token), address(source));
        terms.caps = new uint64[](0);
        _registerReverts(terms, abi.encodeWithSelector(ILedger.ComponentCountOutOfRange.selector, 0, 8));
        terms.caps = new uint64[](9);
        _registerReverts(terms, abi.encodeWithSelector(ILedger.ComponentCountOutOfRange.selector, 9, 8));
        terms = termsOf(address(token), address(source));
        for (uint256 k = 0; k < 2; k++) {
            terms = termsOf(address(token), address(source));
            terms.caps[k] = 0;
            _registerReverts(terms, abi.encodeWithSelector(ILedger.CapZero.selector, k));
        }
        terms = termsOf(address(token), address(source));
        terms.tick = 0;
        _registerReverts(terms, abi.encodeWithSelector(ILedger.TickZero.selector));
    }

    function test_register_takesCodeOfOneByte() public {
        vm.etch(anyone, hex"00");
        assertEq(ledger.register(termsOf(anyone, anyone)), index + 1);
    }

    /// @dev Also holds the assembly that reads the packed terms against the struct that Solidity wrote.
    function testFuzz_register_readsBackAsGiven(ILedger.IndexTerms memory terms, uint256 components) public {
        (terms.token, terms.source) = (address(token), address(source));
        terms.tick = uint64(bound(terms.tick, 1, type(uint64).max));
        uint64[] memory caps = new uint64[](bound(components, 1, 8));
        for (uint256 k = 0; k < caps.length; k++) {
            caps[k] = uint64(bound(uint256(keccak256(abi.encode(components, k))), 1, type(uint64).max));
        }
        terms.caps = caps;

        vm.expectEmit(address(ledger));
        emit ILedger.IndexRegistered(2, address(token), address(source), terms);
        vm.prank(anyone);
        assertEq(ledger.register(terms), 2);

        assertEq(ledger.indexCount(), 2);
        assertEq(keccak256(abi.encode(ledger.termsOf(2))), keccak256(abi.encode(terms)));
        assertEq(ledger.pokedUntil(2), terms.firstEpoch);
        assertEq(ledger.reserveOf(2), 0);
    }

    function test_views_revertIfIndexDoesNotExist() public {
        vm.expectRevert(abi.encodeWithSelector(ILedger.NoSuchIndex.selector, 2));
        ledger.termsOf(2);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NoSuchIndex.selector, 0));
        ledger.pokedUntil(0);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NoSuchIndex.selector, 2));
        ledger.poke(2);
    }

    function testFuzz_prefixSum_revertsOutsideOfWhatIsKnown(uint8 component, uint24 epoch, uint256 known)
        public
    {
        known = bound(known, 0, 4);
        for (uint256 d = 0; d < known; d++) {
            pokeWith(1, 2);
        }
        component = uint8(bound(component, 2, type(uint8).max));
        vm.expectRevert(abi.encodeWithSelector(ILedger.ComponentOutside.selector, component, 2));
        ledger.prefixSum(index, component, FIRST_EPOCH);

        uint24 last = FIRST_EPOCH + uint24(known);
        uint24[3] memory outside = [
            uint24(bound(epoch, last + 1, type(uint24).max)),
            uint24(bound(epoch, 0, FIRST_EPOCH - 1)),
            FIRST_EPOCH - 1
        ];
        for (uint256 i = 0; i < outside.length; i++) {
            vm.expectRevert(
                abi.encodeWithSelector(ILedger.EpochOutsideIndex.selector, outside[i], FIRST_EPOCH, last)
            );
            ledger.prefixSum(index, 0, outside[i]);
        }
    }

    /* POKE */

    function test_poke_revertsIfDayIsNotFinal() public {
        vm.expectRevert(abi.encodeWithSelector(IRewardSource.DayNotFinal.selector, BTC, FIRST_EPOCH));
        ledger.poke(index);
    }

    function testFuzz_poke_revertsIfSourceAnswersOtherComponents(uint256 count) public {
        count = bound(count, 1, 8);
        vm.assume(count != 2);
        source.set(BTC, FIRST_EPOCH, new uint256[](count));
        vm.expectRevert(abi.encodeWithSelector(ILedger.WrongRewardCount.selector, count, 2));
        ledger.poke(index);
    }

    function testFuzz_poke_addsTheClampedRewards(uint256[5] memory subsidies, uint256[5] memory fees) public {
        uint256[6] memory sums;
        uint256[6] memory feeSums;
        for (uint24 d = 0; d < 5; d++) {
            uint256[] memory rewards = new uint256[](2);
            (rewards[0], rewards[1]) = (subsidies[d], fees[d]);
            source.set(BTC, FIRST_EPOCH + d, rewards);
            uint256[] memory clamped = new uint256[](2);
            clamped[0] = _min(subsidies[d], uint256(SUBSIDY_CAP) * TICK);
            clamped[1] = _min(fees[d], uint256(FEES_CAP) * TICK);
            sums[d + 1] = sums[d] + clamped[0];
            feeSums[d + 1] = feeSums[d] + clamped[1];

            vm.expectEmit(address(ledger));
            emit ILedger.Poked(index, FIRST_EPOCH + d, clamped);
            vm.prank(anyone);
            assertEq(ledger.poke(index), FIRST_EPOCH + d);
            assertEq(ledger.pokedUntil(index), FIRST_EPOCH + d + 1);
        }
        // The source says something else now; what is stored stays.
        for (uint24 e = 0; e <= 5; e++) {
            source.set(BTC, FIRST_EPOCH + e, new uint256[](2));
            assertEq(ledger.prefixSum(index, 0, FIRST_EPOCH + e), sums[e]);
            assertEq(ledger.prefixSum(index, 1, FIRST_EPOCH + e), feeSums[e]);
        }
    }

    /// @dev Where sums lie is packed of index and epoch: the highest bit of an epoch would be the first to fall on an index.
    function test_poke_farEpochsMeetNoOtherIndex() public {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.firstEpoch = FIRST_EPOCH + 2 ** 23;
        uint32 far = ledger.register(terms);
        uint32 near = ledger.register(termsOf(address(token), address(source)));
        index = far;
        pokeWith(1, 2);
        index = near;
        pokeWith(3, 4);
        assertEq(ledger.prefixSum(far, 0, terms.firstEpoch + 1), 1);
        assertEq(ledger.prefixSum(far, 1, terms.firstEpoch + 1), 2);
        assertEq(ledger.prefixSum(near, 0, FIRST_EPOCH + 1), 3);
        assertEq(ledger.prefixSum(near, 1, FIRST_EPOCH + 1), 4);
    }

    /// @dev On the second day of the largest caps: each component shares a word with its neighbour.
    function test_poke_revertsIfASumOutgrowsItsHalf() public {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.tick = type(uint64).max;
        terms.caps[0] = terms.caps[1] = type(uint64).max;
        index = ledger.register(terms);
        uint256 cap = uint256(type(uint64).max) * type(uint64).max;
        pokeWith(cap, cap);
        bytes memory outgrown =
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, 2 * cap);
        for (uint256 k = 0; k < 2; k++) {
            uint256[] memory rewards = new uint256[](2);
            rewards[k] = cap;
            source.set(BTC, FIRST_EPOCH + 1, rewards);
            vm.expectRevert(outgrown);
            ledger.poke(index);
        }
    }

    /* ESCROW */

    function test_escrow_revertsIfInputIsMalformed() public {
        BoxId long = fullLong(7);
        BoxId short = ledger.mirrorOf(long);
        vm.expectRevert(ILedger.QuantityZero.selector);
        ledger.escrow(long, 0, buyer, miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotLong.selector, short));
        ledger.escrow(short, 1, buyer, miner);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InvalidReceiver.selector, address(0)));
        ledger.escrow(long, 1, address(0), miner);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InvalidReceiver.selector, address(0)));
        ledger.escrow(long, 1, buyer, address(0));
        BoxId early =
            Boxes.pack(Box(false, BOTH, index, FIRST_EPOCH - 1, FIRST_EPOCH + 7, 0, Boxes.MAX_STRIKE));
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.StartsBeforeIndex.selector, FIRST_EPOCH - 1, FIRST_EPOCH)
        );
        ledger.escrow(early, 1, buyer, miner);
    }

    /// @dev Pitfall: an overflowing prefix sum would freeze everybody on the index, not only its box.
    function testFuzz_escrow_revertsIfPrefixSumCouldOverflow(uint64 tick, uint64 cap0, uint64 cap1) public {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.tick = uint64(bound(tick, 1e18, type(uint64).max));
        (terms.caps[0], terms.caps[1]) = (uint64(bound(cap0, 1e14, 1e18)), uint64(bound(cap1, 1, 1e18)));
        index = ledger.register(terms);
        uint256 perDay = (uint256(terms.caps[0]) + terms.caps[1]) * terms.tick;
        uint256 epochs = type(uint128).max / perDay;
        vm.assume(epochs > 0 && FIRST_EPOCH + epochs < type(uint24).max);

        // One epoch of one component: its own top is far below the limit.
        uint24 end = uint24(FIRST_EPOCH + epochs);
        ledger.topTicksOf(Boxes.pack(Box(false, 2, index, end - 1, end, 0, Boxes.MAX_STRIKE)));
        BoxId late = Boxes.pack(Box(false, 2, index, end, end + 1, 0, Boxes.MAX_STRIKE));
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.EndsTooLate.selector, end + 1, perDay * (epochs + 1), type(uint128).max
            )
        );
        ledger.escrow(late, 1, buyer, miner);
    }

    /// @dev 2^128 - 1 = (2^64 - 1)(2^64 + 1): the last sum that fits, and with any more of any component none.
    function test_escrow_atTheLargestPrefixSum() public {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.tick = type(uint64).max;
        (terms.caps[0], terms.caps[1]) = (type(uint64).max, 2);
        index = ledger.register(terms);
        BoxId long = Boxes.pack(Box(false, 2, index, FIRST_EPOCH, FIRST_EPOCH + 1, 0, Boxes.MAX_STRIKE));
        assertEq(ledger.topTicksOf(long), 2);
        long = long.withEnd(FIRST_EPOCH + 2);
        uint256 worst = 2 * uint256(type(uint128).max);
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.EndsTooLate.selector, long.end(), worst, type(uint128).max)
        );
        ledger.topTicksOf(long);

        terms.caps = new uint64[](8);
        terms.caps[0] = type(uint64).max;
        for (uint256 k = 1; k < 8; k++) {
            terms.caps[k] = 1;
        }
        index = ledger.register(terms);
        long = Boxes.pack(Box(false, 2, index, FIRST_EPOCH, FIRST_EPOCH + 1, 0, Boxes.MAX_STRIKE));
        worst = uint256(type(uint64).max) * (uint256(type(uint64).max) + 7);
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.EndsTooLate.selector, long.end(), worst, type(uint128).max)
        );
        ledger.topTicksOf(long);
    }

    function test_escrow_revertsIfTheTopIsNoStrike() public {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        (terms.tick, terms.caps[0], terms.caps[1]) = (1, type(uint64).max, type(uint64).max - 1);
        index = ledger.register(terms);
        BoxId long = Boxes.pack(Box(false, 2, index, FIRST_EPOCH, FIRST_EPOCH + 1, 0, Boxes.MAX_STRIKE));
        assertEq(ledger.topTicksOf(long), type(uint64).max - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.TopTooManyTicks.selector, type(uint64).max, type(uint64).max - 1)
        );
        ledger.topTicksOf(long.withMask(1));
    }

    function testFuzz_escrow_namesWhatIsEmpty(uint24 start, uint24 end, uint64 lo, uint64 hi) public {
        start = uint24(bound(start, FIRST_EPOCH + 1, type(uint24).max));
        end = uint24(bound(end, 0, start));
        BoxId long = longOf(start, end);
        vm.expectRevert(abi.encodeWithSelector(ILedger.IntervalEmpty.selector, start, end));
        ledger.escrow(long, 1, buyer, miner);
        lo = uint64(bound(lo, 1, 64_000e9));
        hi = uint64(bound(hi, 0, lo));
        long = fullLong(1).withStrikes(lo, hi);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StrikesEmpty.selector, lo, hi));
        ledger.escrow(long, 1, buyer, miner);
    }

    function test_escrow_revertsIfSupplyOutgrowsItsSlot() public {
        BoxId long = fullLong(1);
        fund(miner, type(uint128).max);
        vm.startPrank(miner);
        ledger.escrow(long, type(uint120).max, miner, miner);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.SupplyTooLarge.selector, uint256(type(uint120).max) + 1, type(uint120).max
            )
        );
        ledger.escrow(long, 1, miner, miner);
        // Both halves were full and did not spill into each other.
        assertEq(supplyOf(long), type(uint120).max);
        assertEq(supplyOf(ledger.mirrorOf(long)), type(uint120).max);
        assertFalse(ledger.hasFacade(long));
    }

    /// @dev A cut of the other side has made room there.
    function testFuzz_escrow_revertsIfOneSideOutgrowsItsSlot(bool ofLong) public {
        BoxId long = fullLong(2);
        fund(miner, type(uint128).max);
        vm.startPrank(miner);
        ledger.escrow(long, type(uint120).max, miner, miner);
        ledger.split(ofLong ? ledger.mirrorOf(long) : long, ILedger.Axis.Time, FIRST_EPOCH + 1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.SupplyTooLarge.selector, uint256(type(uint120).max) + 1, type(uint120).max
            )
        );
        ledger.escrow(long, 1, miner, miner);
    }

    function test_escrow_revertsIfReserveOutgrowsItsSlot() public {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        (terms.tick, terms.caps[0]) = (1e18, 1e18);
        index = ledger.register(terms);
        BoxId long = fullLong(1);
        fund(miner, type(uint128).max);
        uint256 cash = ledger.previewEscrow(long, type(uint120).max);
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.ReserveTooLarge.selector, cash, type(uint96).max));
        ledger.escrow(long, type(uint120).max, miner, miner);
    }

    function testFuzz_escrow_takesTheWidthRoundedUp(Box memory box, uint128 quantity) public {
        BoxId long = toLong(box);
        quantity = uint128(bound(quantity, 1, 1e24));
        uint256 width = widthInModel(long);
        uint256 exact = quantity * width;
        uint256 expected = exact / 1e36 + (exact % 1e36 == 0 ? 0 : 1);
        fund(miner, expected);

        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(miner, address(0), buyer, BoxId.unwrap(long), quantity);
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(miner, address(0), miner, BoxId.unwrap(ledger.mirrorOf(long)), quantity);
        vm.expectEmit(address(ledger));
        emit ILedger.Escrowed(long, expected);
        vm.prank(miner);
        assertEq(ledger.escrow(long, quantity, buyer, miner), expected);

        assertEq(token.balanceOf(miner), 0);
        assertEq(token.balanceOf(address(ledger)), expected);
        assertEq(ledger.reserveOf(index), expected);
        assertEq(balanceOf(buyer, long), quantity);
        assertEq(balanceOf(miner, ledger.mirrorOf(long)), quantity);
        assertEq(supplyOf(long), quantity);
        assertEq(supplyOf(ledger.mirrorOf(long)), quantity);
    }

    /* MERGE */

    function testFuzz_merge_givesTheWidthRoundedDown(
        Box memory box,
        uint128 quantity,
        uint128 part,
        bool dead
    ) public {
        BoxId long = toLong(box);
        quantity = uint128(bound(quantity, 1, 1e24));
        part = uint128(bound(part, 1, quantity));
        uint256 taken = escrowAs(miner, long, quantity);
        // Without a source, and before any day is known.
        if (dead) vm.etch(address(source), "");
        uint256 expected = part * widthInModel(long) / 1e36;

        vm.expectEmit(address(ledger));
        emit ILedger.Merged(long, expected);
        vm.prank(miner);
        assertEq(ledger.merge(long, part, buyer), expected);

        assertEq(token.balanceOf(buyer), expected);
        assertEq(ledger.reserveOf(index), taken - expected);
        assertEq(balanceOf(miner, long), quantity - part);
        assertEq(supplyOf(ledger.mirrorOf(long)), quantity - part);
    }

    function test_merge_revertsWithoutBothSides() public {
        BoxId long = fullLong(7);
        BoxId short = ledger.mirrorOf(long);
        fund(miner, 1e18);
        vm.prank(miner);
        ledger.escrow(long, 1e18, buyer, miner);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC6909.ERC6909InsufficientBalance.selector, buyer, 0, 1e18, BoxId.unwrap(short)
            )
        );
        ledger.merge(long, 1e18, buyer);
        vm.prank(miner);
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC6909.ERC6909InsufficientBalance.selector, miner, 0, 1e18, BoxId.unwrap(long)
            )
        );
        ledger.merge(long, 1e18, miner);
        vm.expectRevert(ILedger.QuantityZero.selector);
        ledger.merge(long, 0, miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotLong.selector, short));
        ledger.merge(short, 1, miner);
    }

    /* REDEEM */

    function testFuzz_redeem_paysTheTwoSidesWhatWasTaken(
        Box memory box,
        uint128 quantity,
        uint256[6] memory subsidies,
        uint256[6] memory fees
    ) public {
        BoxId long = toLong(box);
        BoxId short = ledger.mirrorOf(long);
        quantity = uint128(bound(quantity, 1, 1e24));
        uint256 taken = escrowAs(miner, long, quantity);
        for (uint256 d = 0; d < 6; d++) {
            pokeWith(bound(subsidies[d], 0, 7e22), bound(fees[d], 0, 7e21));
        }
        uint256 expected = quantity * payoffInModel(long, earnedBefore(long, long.end())) / 1e36;

        vm.startPrank(miner);
        vm.expectEmit(address(ledger));
        emit ILedger.Redeemed(long, expected);
        uint256 paidLong = ledger.redeem(long, quantity, buyer);
        uint256 paidShort = ledger.redeem(short, quantity, buyer);

        assertEq(paidLong, expected);
        assertEq(token.balanceOf(buyer), paidLong + paidShort);
        assertLe(paidLong + paidShort, taken);
        assertGe(paidLong + paidShort + 2, taken);
        assertEq(ledger.reserveOf(index), taken - paidLong - paidShort);
        assertEq(supplyOf(long) + supplyOf(short), 0);
    }

    function testFuzz_redeem_paysNoMoreInParts(uint128 quantity, uint128 part, uint256 subsidy) public {
        BoxId long = fullLong(1);
        quantity = uint128(bound(quantity, 2, 1e20));
        part = uint128(bound(part, 1, quantity - 1));
        escrowAs(miner, long, 2 * quantity);
        pokeWith(bound(subsidy, 0, 6e22), 0);
        vm.startPrank(miner);
        uint256 parts = ledger.redeem(long, part, miner) + ledger.redeem(long, quantity - part, miner);
        assertLe(parts, ledger.redeem(long, quantity, miner));
    }

    function test_redeem_revertsBeforeMaturity() public {
        BoxId long = fullLong(2);
        escrowAs(miner, long, 1e18);
        pokeWith(1e22, 1e21);
        vm.startPrank(miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotMatured.selector, FIRST_EPOCH + 2, FIRST_EPOCH + 1));
        ledger.redeem(long, 1e18, miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotMatured.selector, FIRST_EPOCH + 2, FIRST_EPOCH + 1));
        ledger.previewRedeem(long, 1e18);
        vm.stopPrank();

        pokeWith(1e22, 1e21);
        vm.startPrank(miner);
        vm.expectRevert(ILedger.QuantityZero.selector);
        ledger.redeem(long, 0, miner);
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC6909.ERC6909InsufficientBalance.selector, miner, 1e18, 1e18 + 1, BoxId.unwrap(long)
            )
        );
        ledger.redeem(long, 1e18 + 1, miner);
        assertEq(ledger.redeem(long, 1e18, miner), 22_000);
    }

    /* HELPERS */

    function _registerReverts(ILedger.IndexTerms memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        ledger.register(terms);
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
