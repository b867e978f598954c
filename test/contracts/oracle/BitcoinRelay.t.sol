// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IBitcoinRelay} from "../../../contracts/interfaces/IBitcoinRelay.sol";
import {BitcoinRelay} from "../../../contracts/oracle/BitcoinRelay.sol";
import {BitcoinRelayTest} from "./BitcoinRelayTest.sol";
import {Vm} from "forge-std/Test.sol";

// constructor
// ├── when the limit is no target, or too easy to retarget, or the genesis bits are above it → reverts
// ├── when the genesis lies in the first day, or subsidies never halve → reverts
// └── otherwise → the genesis is the best checkpoint
// addHeaders
// ├── when the bytes are no whole headers, none, or more than 252 → reverts HeadersMalformed
// ├── when the parent is unknown → reverts UnknownCheckpoint
// ├── when the parent is more than 2,016 blocks below the best → reverts CheckpointTooDeep, whatever the branch
// ├── when the bits, the work or the time are wrong → reverts with the position
// ├── when the batch goes into the next day → reverts with the position
// ├── when its last block is a checkpoint already → reverts CheckpointKnown
// ├── over any times that consensus allows → the checkpoint that a sorted median, added work and hashed roots give
// ├── when it begins a difficulty epoch → new bits, and TimewarpSeen when it begins long before the block below it
// ├── however a chain is cut → the same height, work and times
// └── when a branch is heavier → it is the best; of equals the first stays
contract BitcoinRelayHeadersTest is BitcoinRelayTest {
    /* CONSTRUCTOR */

    function test_constructor_startsAtTheGenesis() public view {
        IBitcoinRelay.Checkpoint memory genesis = relay.checkpointOf(GENESIS);
        assertEq(genesis.number, 1);
        assertEq(genesis.height, GENESIS_HEIGHT);
        assertEq(genesis.day, FIRST_DAY - 1);
        assertEq(genesis.chainwork, 1000);
        assertEq(keccak256(abi.encode(genesis.times)), keccak256(abi.encode(genesisTimes)));
        assertEq(relay.best(), GENESIS);
        assertEq(relay.nextDay(), FIRST_DAY);
        assertEq(relay.rewardIndex(), address(recorder));
        assertEq(relay.network(), BTC);
    }

    function test_constructor_revertsIfParametersAreWrong() public {
        IBitcoinRelay.Parameters memory wrong = parameters();
        wrong.powLimitBits = 0x1d800000;
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.PowLimitOutOfRange.selector, wrong.powLimitBits));
        new BitcoinRelay(wrong);

        wrong = parameters();
        wrong.noRetarget = false;
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.PowLimitOutOfRange.selector, EASY_BITS));
        new BitcoinRelay(wrong);

        wrong = parameters();
        wrong.genesis.bits = 0x217fffff;
        vm.expectRevert(
            abi.encodeWithSelector(IBitcoinRelay.GenesisBitsOutOfRange.selector, 0x217fffff, EASY_BITS)
        );
        new BitcoinRelay(wrong);

        // Another form of a target in range, which no header could have.
        wrong.genesis.bits = 0x2100007f;
        vm.expectRevert(
            abi.encodeWithSelector(
                IBitcoinRelay.GenesisBitsOutOfRange.selector, wrong.genesis.bits, EASY_BITS
            )
        );
        new BitcoinRelay(wrong);

        wrong = parameters();
        wrong.firstDay = FIRST_DAY - 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                IBitcoinRelay.GenesisNotBeforeFirstDay.selector, FIRST_DAY - 1, FIRST_DAY - 1
            )
        );
        new BitcoinRelay(wrong);

        wrong = parameters();
        wrong.halvingInterval = 0;
        vm.expectRevert(IBitcoinRelay.HalvingIntervalZero.selector);
        new BitcoinRelay(wrong);
    }

    function testFuzz_subsidyAt_halves(uint32 height) public view {
        uint256 halvings = height / HALVING;
        assertEq(relay.subsidyAt(height), halvings > 32 ? 0 : uint256(50e8) / 2 ** halvings);
    }

    /* SHAPE */

    function testFuzz_addHeaders_revertsIfNoWholeHeaders(uint16 length) public {
        vm.assume(length % 48 != 0 || length == 0 || length > 252 * 48);
        vm.expectRevert(
            abi.encodeWithSelector(IBitcoinRelay.HeadersMalformed.selector, uint256(length), 252 * 48)
        );
        relay.addHeaders(GENESIS, new bytes(length));
    }

    function testFuzz_addHeaders_revertsIfParentUnknown(bytes32 parent) public {
        vm.assume(parent != GENESIS);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.UnknownCheckpoint.selector, parent));
        relay.addHeaders(parent, new bytes(48));
    }

    function test_addHeaders_revertsIfKnown() public {
        Mined[] memory chain = chainOf(3, SPACING, 1);
        relay.addHeaders(GENESIS, headersOf(chain));
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.CheckpointKnown.selector, chain[2].hash));
        relay.addHeaders(GENESIS, headersOf(chain));
    }

    /* RULES */

    function testFuzz_addHeaders_revertsIfBitsWrong(uint32 bits, uint8 position) public {
        vm.assume(bits != EASY_BITS);
        position %= 4;
        Mined[] memory chain = chainOf(4, SPACING, 1);
        bytes memory header = chain[position].header;
        bytes4 wrong = little4(bits);
        for (uint256 i = 0; i < 4; i++) {
            header[40 + i] = wrong[i];
        }
        vm.expectRevert(
            abi.encodeWithSelector(
                IBitcoinRelay.WrongBits.selector, uint256(position), uint256(bits), uint256(EASY_BITS)
            )
        );
        relay.addHeaders(GENESIS, headersOf(chain));
    }

    function testFuzz_addHeaders_revertsIfWorkMissing(uint32 nonce) public {
        Mined memory mined = chainOf(1, SPACING, 1)[0];
        bytes4 wrong = little4(nonce);
        for (uint256 i = 0; i < 4; i++) {
            mined.header[44 + i] = wrong[i];
        }
        bytes32 hash = _wireHash(GENESIS, mined.header);
        // The top bit of the printed hash is the one that decides.
        if (uint8(hash[31]) < 0x80) return;
        vm.expectRevert(
            abi.encodeWithSelector(IBitcoinRelay.NotEnoughWork.selector, 0, hash, uint256(EASY_BITS))
        );
        relay.addHeaders(GENESIS, mined.header);
    }

    function test_addHeaders_revertsIfNotAfterTheMedian() public {
        uint32 median = genesisTimes[5];
        Mined memory mined = mine(GENESIS, GENESIS_HEIGHT + 1, median, SUBSIDY);
        vm.expectRevert(
            abi.encodeWithSelector(IBitcoinRelay.TimeTooEarly.selector, 0, uint256(median), uint256(median))
        );
        relay.addHeaders(GENESIS, mined.header);
        relay.addHeaders(GENESIS, mine(GENESIS, GENESIS_HEIGHT + 1, median + 1, SUBSIDY).header);
    }

    function testFuzz_addHeaders_revertsIfTooFarAhead(uint32 ahead) public {
        ahead = uint32(bound(ahead, 0, 1000 days));
        IBitcoinRelay.Parameters memory patient = parameters();
        patient.maxSecondsAhead = ahead;
        relay = new BitcoinRelay(patient);
        vm.warp(MIDNIGHT);
        uint32 latest = MIDNIGHT + ahead;
        Mined memory mined = mine(GENESIS, GENESIS_HEIGHT + 1, latest + 1, SUBSIDY);
        vm.expectRevert(
            abi.encodeWithSelector(
                IBitcoinRelay.TimeTooLate.selector, 0, uint256(latest) + 1, uint256(latest)
            )
        );
        relay.addHeaders(GENESIS, mined.header);
        relay.addHeaders(GENESIS, mine(GENESIS, GENESIS_HEIGHT + 1, latest, SUBSIDY).header);
    }

    function test_addHeaders_revertsIfItCrossesMidnight() public {
        Mined[] memory chain = chainOf(30, 7200, 1);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256 first = 0;
        while (found[first] == FIRST_DAY) first++;
        // The block's median is the time of the one five before it.
        vm.expectRevert(
            abi.encodeWithSelector(
                IBitcoinRelay.CrossesMidnight.selector,
                first,
                uint256(chain[first - 5].time),
                uint256(MIDNIGHT) + DAY
            )
        );
        relay.addHeaders(GENESIS, headersOf(chain));
        relay.addHeaders(GENESIS, headersOf(chain, 0, first));
        assertEq(relay.checkpointOf(chain[first - 1].hash).day, FIRST_DAY);
    }

    /* CHECKPOINTS */

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_addHeaders_storesWhatFollows(uint256 seed, uint8 most) public {
        most = uint8(bound(most, 1, 30));
        Mined[] memory chain = _erratic(25, seed);
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, most);
        uint256 from = 0;
        for (uint256 b = 0; b < ends.length; b++) {
            _checkCheckpoint(chain, from, ends[b], found[ends[b] - 1], uint32(b + 2));
            from = ends[b];
        }
        assertEq(relay.best(), chain[24].hash);
    }

    function _checkCheckpoint(Mined[] memory chain, uint256 from, uint256 end, uint24 day, uint32 number)
        private
        view
    {
        IBitcoinRelay.Checkpoint memory checkpoint = relay.checkpointOf(chain[end - 1].hash);
        assertEq(checkpoint.number, number);
        assertEq(checkpoint.parent, number - 1);
        assertEq(checkpoint.height, GENESIS_HEIGHT + end);
        assertEq(checkpoint.blocks, end - from);
        assertEq(checkpoint.day, day);
        assertEq(checkpoint.chainwork, 1000 + 2 * end);
        assertEq(checkpoint.bits, EASY_BITS);
        for (uint256 i = 0; i < 11; i++) {
            uint256 at = end + i;
            assertEq(checkpoint.times[i], at < 11 ? genesisTimes[at] : chain[at - 11].time);
        }
        Mined[] memory batch = slice(chain, from, end);
        assertEq(checkpoint.rootsCommitment, keccak256(abi.encodePacked(groupHashesOf(batch))));
    }

    /// @dev Times that go back and forth as far as consensus lets them.
    function _erratic(uint256 count, uint256 seed) private view returns (Mined[] memory chain) {
        chain = new Mined[](count);
        uint32[] memory window = new uint32[](11);
        for (uint256 i = 0; i < 11; i++) {
            window[i] = genesisTimes[i];
        }
        bytes32 parent = GENESIS;
        for (uint32 i = 0; i < count; i++) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint32 time = medianOf(window) + 1 + uint32(random % (random % 3 == 0 ? 3 : 40_000));
            chain[i] = mine(parent, GENESIS_HEIGHT + 1 + i, time, SUBSIDY);
            parent = chain[i].hash;
            for (uint256 j = 0; j < 10; j++) {
                window[j] = window[j + 1];
            }
            window[10] = time;
        }
    }

    /* TREE */

    function test_addHeaders_takesTheHeavierBranch() public {
        Mined[] memory chain = chainOf(4, SPACING, 1);
        Mined[] memory branch = chainOn(chain[1].hash, chain[1].height, chain[1].time + 1, 3, SPACING, 2);
        relay.addHeaders(GENESIS, headersOf(chain, 0, 2));
        relay.addHeaders(chain[1].hash, headersOf(chain, 2, 4));

        relay.addHeaders(chain[1].hash, headersOf(branch, 0, 2));
        assertEq(relay.best(), chain[3].hash, "of equals the first stays");
        vm.expectEmit(address(relay));
        emit IBitcoinRelay.BestChanged(branch[2].hash, chain[3].hash);
        relay.addHeaders(branch[1].hash, headersOf(branch, 2, 3));
        assertEq(relay.best(), branch[2].hash);
    }

    function test_addHeaders_reorganises2016BlocksAndNoMore() public {
        bytes32 below = _headersOnly(GENESIS, MIDNIGHT + 240, 1);
        bytes32 top = below;
        uint32 time = MIDNIGHT + 540;
        // 2,016 blocks, 18 in an hour and a half.
        for (uint256 i = 0; i < 112; i++) {
            top = _headersOnly(top, time, 18);
            time += 18 * 300;
        }
        assertEq(relay.checkpointOf(top).height - relay.checkpointOf(below).height, 2016);
        relay.addHeaders(below, mine(below, 0, MIDNIGHT + 700, SUBSIDY).header);

        bytes memory tooDeep = mine(GENESIS, 0, MIDNIGHT + 700, SUBSIDY).header;
        vm.expectRevert(
            abi.encodeWithSelector(
                IBitcoinRelay.CheckpointTooDeep.selector, uint256(GENESIS_HEIGHT), uint256(GENESIS_HEIGHT) + 1
            )
        );
        relay.addHeaders(GENESIS, tooDeep);
    }

    /// @dev Batches of `count` blocks, cut at midnight, on top of a checkpoint.
    function _headersOnly(bytes32 parent, uint32 time, uint256 count) private returns (bytes32 last) {
        bytes memory headers;
        last = parent;
        for (uint32 i = 0; i < count; i++) {
            // The median of a block is the time of the one five before it.
            bool isFirstOfDay = (time + i * 300 - 1500) / DAY != (time + i * 300 - 1800) / DAY;
            if (isFirstOfDay && headers.length > 0) {
                relay.addHeaders(parent, headers);
                return _headersOnly(last, time + i * 300, count - i);
            }
            bytes memory header;
            (header, last) = solve(last, bytes32(0), time + i * 300, EASY_BITS);
            headers = abi.encodePacked(headers, header);
        }
        relay.addHeaders(parent, headers);
    }

    function _wireHash(bytes32 parent, bytes memory header) private pure returns (bytes32) {
        bytes memory version = new bytes(4);
        bytes memory rest = new bytes(44);
        for (uint256 i = 0; i < 48; i++) {
            if (i < 4) version[i] = header[i];
            else rest[i - 4] = header[i];
        }
        return twice(abi.encodePacked(version, reversed(parent), rest));
    }

    /* EPOCHS */

    /// @dev A relay that retargets, two blocks before the end of an epoch that began `span` seconds before its last block.
    function _beforeEpoch(uint32 span)
        private
        returns (BitcoinRelay retargeting, uint32 height, uint32 lastTime)
    {
        IBitcoinRelay.Parameters memory chosen = parameters();
        height = 2016 * 400 - 2;
        lastTime = MIDNIGHT + 1000;
        chosen.noRetarget = false;
        chosen.powLimitBits = 0x201fffff;
        chosen.genesis.bits = 0x200fffff;
        chosen.genesis.height = height;
        chosen.genesis.epochStart = lastTime - span;
        retargeting = new BitcoinRelay(chosen);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_addHeaders_retargets(uint32 span, uint16 after_) public {
        span = uint32(bound(span, 0, 6_000_000));
        (BitcoinRelay retargeting, uint32 height, uint32 lastTime) = _beforeEpoch(span);
        (bytes memory last, bytes32 lastHash) = solve(GENESIS, bytes32(0), lastTime, 0x200fffff);
        uint256 held = span < 302_400 ? 302_400 : span > 4_838_400 ? 4_838_400 : span;
        uint256 target = (uint256(0xfffff) * 2 ** 100) * held / 1_209_600;
        // 2^232 = 2^100 * 2^132: the target's leading bits are all that the form holds.
        uint256 mantissa = target >> 100;
        uint32 bits = mantissa > 0x1fffff ? 0x201fffff : uint32(0x20000000 | mantissa);
        uint32 time = lastTime + 1 + after_;
        (bytes memory first, bytes32 firstHash) = solve(lastHash, bytes32(0), time, bits);

        retargeting.addHeaders(GENESIS, abi.encodePacked(last, first));
        IBitcoinRelay.Checkpoint memory checkpoint = retargeting.checkpointOf(firstHash);
        assertEq(checkpoint.height, height + 2);
        assertEq(checkpoint.bits, bits);
        assertEq(checkpoint.epochStart, time);
        assertEq(checkpoint.chainwork, 1000 + _workOf(0x200fffff) + _workOf(bits));
    }

    function _workOf(uint32 bits) private pure returns (uint256) {
        uint256 target = uint256(bits & 0xffffff) << (8 * ((bits >> 24) - 3));
        return (type(uint256).max - target) / (target + 1) + 1;
    }

    function test_addHeaders_flagsATimewarp() public {
        for (uint32 early = 7199; early < 7202; early++) {
            (BitcoinRelay retargeting,,) = _beforeEpoch(1_209_600);
            // The last block of the epoch runs ahead, the first of the next does not.
            uint32 time = MIDNIGHT + 100;
            uint32 lastTime = time + early;
            (bytes memory last, bytes32 lastHash) = solve(GENESIS, bytes32(0), lastTime, 0x200fffff);
            uint32 bits = _afterSpan(lastTime - (MIDNIGHT + 1000 - 1_209_600));
            (bytes memory first,) = solve(lastHash, bytes32(0), time, bits);

            vm.recordLogs();
            retargeting.addHeaders(GENESIS, abi.encodePacked(last, first));
            assertEq(_count(IBitcoinRelay.TimewarpSeen.selector), early > 7200 ? 1 : 0);
        }
    }

    function _afterSpan(uint256 span) private pure returns (uint32) {
        return uint32(0x20000000 | (uint256(0xfffff) * 2 ** 100 * span / 1_209_600) >> 100);
    }

    function _count(bytes32 topic) private returns (uint256 found) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] == topic) found++;
        }
    }
}
