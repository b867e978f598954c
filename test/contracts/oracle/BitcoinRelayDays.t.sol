// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBitcoinRelay} from "../../../contracts/interfaces/IBitcoinRelay.sol";
import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {ProvenDaysRecorder} from "../mocks/ProvenDaysRecorder.sol";
import {BitcoinRelayTest} from "./BitcoinRelayTest.sol";

// closeDay
// ├── when it is not the next day → reverts WrongDay
// ├── when no block of a later day is known → reverts DayNotOver
// ├── when the checkpoint is not the day's last on the best chain → reverts NotLastCheckpoint
// ├── when fewer than 6 blocks are above → reverts TooFewConfirmations
// ├── when a group is not proven under the medians → reverts GroupsMissing
// ├── when the median is not the lower median → reverts WrongMedian
// ├── when no block belongs to the day → writes an empty day
// └── otherwise → writes the totals, whatever the batches; the median is the next day's previous one
//
// Attacks: each is a numbered property of test/contracts/README.md
contract BitcoinRelayDaysTest is BitcoinRelayTest {
    uint32 private constant WIDE = 7200;

    /* CLOSING */

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_closeDay_writesTheTotals(uint256 seed, uint8 most) public {
        Mined[] memory chain = chainOf(52, WIDE, seed);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, bound(most, 1, 30));
        uint128 previous = 0;
        for (uint24 day = FIRST_DAY; day < FIRST_DAY + 3; day++) {
            previous = _closeAndCheck(chain, found, ends, day, previous);
        }
        assertEq(relay.nextDay(), FIRST_DAY + 3);
        assertEq(relay.lastMedianFee(), previous);
    }

    function _closeAndCheck(
        Mined[] memory chain,
        uint24[] memory found,
        uint256[] memory ends,
        uint24 day,
        uint128 previous
    ) private returns (uint128 medianFee) {
        Mined[] memory blocks = blocksOf(chain, found, day);
        medianFee = lowerMedianFee(blocks);
        proveDay(chain, found, ends, day, medianFee, previous);
        relay.closeDay(day, blocks[blocks.length - 1].hash, medianFee);

        ProvenDaysRecorder.Written[] memory written = recorder.written();
        ProvenDaysRecorder.Written memory last = written[written.length - 1];
        assertEq(last.prover, address(relay));
        assertEq(last.network, BTC);
        assertEq(last.day, day);
        assertFalse(last.empty);
        assertEq(abi.encode(last.totals), abi.encode(_model(blocks, medianFee, previous)));
    }

    /// @dev Each block is worth two hashes.
    function _model(Mined[] memory blocks, uint128 medianFee, uint128 previous)
        private
        pure
        returns (IProvenDays.Totals memory totals)
    {
        uint256 cap = 3 * uint256(medianFee > previous ? medianFee : previous);
        totals.lastHeight = blocks[blocks.length - 1].height;
        totals.lastBlockHash = blocks[blocks.length - 1].hash;
        totals.work = 2 * blocks.length;
        totals.medianFee = medianFee;
        for (uint256 i = 0; i < blocks.length; i++) {
            totals.subsidy += uint128(blocks[i].subsidy);
            totals.fees += uint128(blocks[i].fees);
            totals.cappedFees += uint128(cap > 0 && blocks[i].fees > cap ? cap : blocks[i].fees);
        }
    }

    function test_closeDay_revertsUnlessAllIsThere() public {
        Mined[] memory chain = chainOf(45, WIDE, 3);
        uint24[] memory found = daysOf(genesisTimes, chain);
        Mined[] memory blocks = blocksOf(chain, found, FIRST_DAY);
        uint256 last = blocks.length - 1;
        relay.addHeaders(GENESIS, headersOf(blocks));
        uint128 medianFee = lowerMedianFee(blocks);

        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.WrongDay.selector, FIRST_DAY + 1, FIRST_DAY));
        relay.closeDay(FIRST_DAY + 1, blocks[last].hash, medianFee);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.DayNotOver.selector, FIRST_DAY, FIRST_DAY));
        relay.closeDay(FIRST_DAY, blocks[last].hash, medianFee);

        relay.addHeaders(blocks[last].hash, headersOf(chain, last + 1, last + 6));
        vm.expectRevert(
            abi.encodeWithSelector(IBitcoinRelay.NotLastCheckpoint.selector, chain[last + 5].hash)
        );
        relay.closeDay(FIRST_DAY, chain[last + 5].hash, medianFee);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.NotLastCheckpoint.selector, bytes32(0)));
        relay.closeDay(FIRST_DAY, 0, medianFee);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.TooFewConfirmations.selector, 5, 6));
        relay.closeDay(FIRST_DAY, blocks[last].hash, medianFee);

        relay.addHeaders(chain[last + 5].hash, headersOf(chain, last + 6, last + 7));
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.GroupsMissing.selector, uint32(2), 0, 3));
        relay.closeDay(FIRST_DAY, blocks[last].hash, medianFee);
        proveGroup(blocks, 1, medianFee, 0);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.GroupsMissing.selector, uint32(2), 2, 3));
        relay.closeDay(FIRST_DAY, blocks[last].hash, medianFee);
        proveGroup(blocks, 0, medianFee, 0);
        relay.closeDay(FIRST_DAY, blocks[last].hash, medianFee);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.WrongDay.selector, FIRST_DAY, FIRST_DAY + 1));
        relay.closeDay(FIRST_DAY, blocks[last].hash, medianFee);
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_closeDay_writesEmptyDays(uint8 gap) public {
        gap = uint8(bound(gap, 1, 40));
        // Twelve blocks of the first day, then nothing for `gap` days and more.
        Mined[] memory chain = chainOf(12, 600, 5);
        Mined[] memory later =
            chainOn(chain[11].hash, chain[11].height, MIDNIGHT + (uint32(gap) + 1) * DAY + 10, 12, 600, 6);
        Mined[] memory all = joined(chain, later);
        uint24[] memory found = daysOf(genesisTimes, all);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, all, 100);
        uint128 previous = _closeAndCheck(all, found, ends, FIRST_DAY, 0);
        bytes32 last = lastOf(all, found, FIRST_DAY);
        for (uint24 day = FIRST_DAY + 1; day <= FIRST_DAY + gap; day++) {
            vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.NotLastCheckpoint.selector, all[23].hash));
            relay.closeDay(day, all[23].hash, 0);
            relay.closeDay(day, last, 123);
        }
        ProvenDaysRecorder.Written[] memory written = recorder.written();
        assertEq(written.length, 1 + gap);
        for (uint256 i = 1; i <= gap; i++) {
            assertTrue(written[i].empty);
            assertEq(written[i].day, FIRST_DAY + i);
        }
        assertEq(relay.lastMedianFee(), previous, "an empty day has no median");
    }

    /* ATTACKS */

    /// @dev R1: a wrong claim closes nothing, and hinders no other.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_attack_wrongMedians(uint256 seed, uint64 claim, uint8 like) public {
        Mined[] memory chain = chainOf(30, WIDE, seed);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 10);
        Mined[] memory blocks = blocksOf(chain, found, FIRST_DAY);
        uint128 medianFee = lowerMedianFee(blocks);
        uint128 wrong = like < 200 ? uint128(blocks[like % blocks.length].fees) : claim;
        if (wrong == medianFee) wrong++;
        bytes32 last = blocks[blocks.length - 1].hash;

        proveDay(chain, found, ends, FIRST_DAY, wrong, 0);
        vm.expectPartialRevert(IBitcoinRelay.WrongMedian.selector);
        relay.closeDay(FIRST_DAY, last, wrong);
        // The right median beside a wrong one of the day before.
        proveDay(chain, found, ends, FIRST_DAY, medianFee, uint128(1) + claim);
        vm.expectPartialRevert(IBitcoinRelay.GroupsMissing.selector);
        relay.closeDay(FIRST_DAY, last, medianFee);

        _closeAndCheck(chain, found, ends, FIRST_DAY, 0);
    }

    /// @dev R2: whoever is first to cut a chain, and however finely, the day closes with the same totals.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_attack_otherPartition(uint256 seed) public {
        Mined[] memory chain = chainOf(30, WIDE, seed);
        uint24[] memory found = daysOf(genesisTimes, chain);
        Mined[] memory blocks = blocksOf(chain, found, FIRST_DAY);
        // Single blocks in front of the honest batch, which is taken all the same.
        uint256 ahead = seed % (blocks.length - 1);
        bytes32 parent = GENESIS;
        for (uint256 i = 0; i < ahead; i++) {
            relay.addHeaders(parent, headersOf(blocks, i, i + 1));
            parent = blocks[i].hash;
        }
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 252);
        _closeAndCheck(chain, found, ends, FIRST_DAY, 0);
    }

    /// @dev R2: the day's last block is a checkpoint in every partition; who wants another batch with it is told so.
    function test_attack_singleBlocksOnly() public {
        Mined[] memory chain = chainOf(30, WIDE, 8);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 1);
        Mined[] memory blocks = blocksOf(chain, found, FIRST_DAY);
        bytes32 last = blocks[blocks.length - 1].hash;
        bytes memory headers = headersOf(blocks);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.CheckpointKnown.selector, last));
        relay.addHeaders(GENESIS, headers);
        _closeAndCheck(chain, found, ends, FIRST_DAY, 0);
    }

    /// @dev R3: what was proven on a branch counts on that branch only.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_attack_reorganisationBeforeClosing(uint256 seed, uint8 at) public {
        Mined[] memory chain = chainOf(30, WIDE, seed);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 1);
        uint128 medianFee = lowerMedianFee(blocksOf(chain, found, FIRST_DAY));
        proveDay(chain, found, ends, FIRST_DAY, medianFee, 0);

        uint256 fork = at % 10;
        Mined[] memory branch =
            chainOn(chain[fork].hash, chain[fork].height, chain[fork].time + 10, 31 - fork, WIDE, ~seed);
        Mined[] memory other = joined(slice(chain, 0, fork + 1), branch);
        uint24[] memory otherDays = daysOf(genesisTimes, other);
        uint256[] memory otherEnds = _relayBranch(other, otherDays, fork + 1);
        assertEq(relay.best(), branch[branch.length - 1].hash);

        bytes32 dead = lastOf(chain, found, FIRST_DAY);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.NotLastCheckpoint.selector, dead));
        relay.closeDay(FIRST_DAY, dead, medianFee);
        _closeAndCheck(other, otherDays, otherEnds, FIRST_DAY, 0);
    }

    /// @dev R4: a closed day stays as it was written, and the next one is counted on the heavier branch.
    function test_attack_reorganisationAfterClosing() public {
        Mined[] memory chain = chainOf(34, WIDE, 11);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 1);
        uint128 previous = _closeAndCheck(chain, found, ends, FIRST_DAY, 0);

        Mined[] memory branch = chainOn(chain[3].hash, chain[3].height, chain[3].time + 10, 36, WIDE, 12);
        Mined[] memory other = joined(slice(chain, 0, 4), branch);
        uint24[] memory otherDays = daysOf(genesisTimes, other);
        uint256[] memory otherEnds = _relayBranch(other, otherDays, 4);
        assertEq(relay.best(), branch[35].hash);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.WrongDay.selector, FIRST_DAY, FIRST_DAY + 1));
        relay.closeDay(FIRST_DAY, lastOf(other, otherDays, FIRST_DAY), 0);
        _closeAndCheck(other, otherDays, otherEnds, FIRST_DAY + 1, previous);
        assertEq(recorder.written().length, 2);
    }

    /// @dev R5: how finely the days above were cut does not make a day dearer to find; one jump leads over each.
    function test_attack_manySmallBatchesAbove() public {
        Mined[] memory chain = chainOf(200, WIDE, 13);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, slice(chain, 0, 30), 252);
        Mined[] memory blocks = blocksOf(chain, found, FIRST_DAY);
        uint128 medianFee = lowerMedianFee(blocks);
        proveDay(chain, found, ends, FIRST_DAY, medianFee, 0);
        bytes32 parent = chain[29].hash;
        for (uint256 i = 30; i < 200; i++) {
            relay.addHeaders(parent, headersOf(chain, i, i + 1));
            parent = chain[i].hash;
        }
        bytes32 last = blocks[blocks.length - 1].hash;
        uint256 before = gasleft();
        relay.closeDay(FIRST_DAY, last, medianFee);
        // 15 days above in 170 batches: 2,300 gas a day.
        assertLt(before - gasleft(), 350_000);
    }

    /// @dev R6: a group that somebody else proved first is proven.
    function test_attack_frontRunProof() public {
        Mined[] memory chain = chainOf(30, WIDE, 14);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 252);
        uint128 medianFee = lowerMedianFee(blocksOf(chain, found, FIRST_DAY));
        vm.prank(makeAddr("stranger"));
        proveDay(chain, found, ends, FIRST_DAY, medianFee, 0);
        vm.prank(makeAddr("another stranger"));
        relay.closeDay(FIRST_DAY, lastOf(chain, found, FIRST_DAY), medianFee);
    }

    /* PARTS */

    /// @dev Block by block from `fork` on.
    /// @return ends Of a chain that was relayed block by block.
    function _relayBranch(Mined[] memory chain, uint24[] memory found, uint256 fork)
        private
        returns (uint256[] memory ends)
    {
        ends = new uint256[](found.length);
        for (uint256 i = 0; i < chain.length; i++) {
            ends[i] = i + 1;
            if (i >= fork) relay.addHeaders(chain[i].parent, headersOf(chain, i, i + 1));
        }
    }
}
