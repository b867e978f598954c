// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {IRewardSource} from "../../../contracts/interfaces/IRewardSource.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {BaseTest} from "../BaseTest.sol";

// constructor
// ├── when an epoch has no length → reverts EpochLengthZero
// ├── when a network's unit is 0 → reverts UnitWorkZero; first day 0 → FirstDayZero
// ├── when an attested network has a prover, or another none → reverts WrongProver; or a challenger → WrongChallenger
// ├── when f > 10 → reverts FaultToleranceOutOfRange; when n is not 3f + 1 → WrongSignerCount
// ├── when a signer is 0 or there twice → reverts ZeroSigner, DuplicateSigner
// └── otherwise → signers are stored ascending, whatever their order was
// attest
// ├── when the network does not exist → reverts NoSuchNetwork
// ├── when the day is not the next one (gap, replay) → reverts WrongDay
// ├── when the clock has not left the day → reverts DayNotOver
// ├── when the round is not open yet → reverts RoundNotOpen; when it is 0 → RoundOver
// ├── when there is no work → reverts WorkZero
// ├── when the capped fees exceed the fees → reverts CappedFeesAboveFees
// ├── when the index does not fit → reverts IndexTooLarge
// ├── signatures
// │   ├── not a multiple of 65 bytes → reverts SignaturesMalformed
// │   ├── fewer than 2f + 1 → reverts QuorumMissed
// │   ├── one twice, or not ascending → reverts SignersNotAscending
// │   ├── malleable, or not a signature → reverts InvalidSignature
// │   └── by another key, over another field, chain, contract or config → reverts NotASigner
// └── otherwise → stores the indices, floored, and the time, emits DayAttested
// changeSigners
// ├── when the caller is not the timelock → reverts NotTimelock
// └── otherwise → the digest changes, old signatures die, attested days stay
// stateOf, lastContiguousDay, settledReward
// ├── Open, then Attested, then Final when the dispute time is over
// ├── the last final day is found for any number of attested days
// └── settledReward before Final → reverts DayNotFinal
// currentEpoch
// └── follows the clock
contract RewardIndexTest is BaseTest {
    uint256 private constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /* CONSTRUCTOR */

    function test_constructor_revertsIfEpochHasNoLength() public {
        IRewardIndex.NetworkConfig[] memory none = new IRewardIndex.NetworkConfig[](0);
        vm.expectRevert(IRewardIndex.EpochLengthZero.selector);
        new RewardIndex(IRewardIndex.Clock(0, 0, 0), timelock, none);
    }

    function test_constructor_revertsIfNetworkIsMalformed() public {
        address[] memory signers = addressesOf(keys);
        IRewardIndex.NetworkConfig memory config = networkConfig(1, signers);
        config.unitWork = 0;
        _constructorReverts(config, abi.encodeWithSelector(IRewardIndex.UnitWorkZero.selector));
        config = networkConfig(1, signers);
        config.firstDay = 0;
        _constructorReverts(config, abi.encodeWithSelector(IRewardIndex.FirstDayZero.selector));
        config = networkConfig(1, signers);
        config.prover = prover;
        _constructorReverts(config, abi.encodeWithSelector(IRewardIndex.WrongProver.selector, 0, prover));
        for (uint8 class = 1; class < 3; class++) {
            config = networkConfig(IRewardIndex.NetworkClass(class), 1, signers);
            config.challenger = challenger;
            _constructorReverts(
                config, abi.encodeWithSelector(IRewardIndex.WrongChallenger.selector, class, challenger)
            );
            config.prover = address(0);
            _constructorReverts(
                config, abi.encodeWithSelector(IRewardIndex.WrongProver.selector, class, address(0))
            );
        }
        config = networkConfig(11, new address[](34));
        _constructorReverts(
            config, abi.encodeWithSelector(IRewardIndex.FaultToleranceOutOfRange.selector, 11, 10)
        );
        config = networkConfig(2, signers);
        _constructorReverts(config, abi.encodeWithSelector(IRewardIndex.WrongSignerCount.selector, 4, 7));
    }

    function testFuzz_constructor_revertsIfSignerIsZeroOrTwice(uint256 at, uint256 other) public {
        address[] memory signers = addressesOf(keys);
        at = bound(at, 0, 3);
        other = (at + bound(other, 1, 3)) % 4;
        signers[at] = signers[other];
        _constructorReverts(
            networkConfig(1, signers),
            abi.encodeWithSelector(IRewardIndex.DuplicateSigner.selector, signers[other])
        );
        signers[at] = address(0);
        _constructorReverts(
            networkConfig(1, signers), abi.encodeWithSelector(IRewardIndex.ZeroSigner.selector)
        );
    }

    function testFuzz_constructor_sortsSigners(uint256 seed) public {
        address[] memory expected = addressesOf(signerKeys(13));
        address[] memory shuffled = addressesOf(signerKeys(13));
        for (uint256 i = 12; i > 0; i--) {
            uint256 j = uint256(keccak256(abi.encode(seed, i))) % (i + 1);
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }
        RewardIndex built = deployRewardIndex(4, shuffled);
        assertEq(built.signersOf(BTC), expected);
        assertEq(built.quorumOf(BTC), 9);
        assertEq(
            keccak256(abi.encode(built.networkOf(BTC))), keccak256(abi.encode(networkConfig(4, expected)))
        );
    }

    /* ATTEST */

    function testFuzz_attest_storesTheDay(
        uint256 work,
        uint128 subsidy,
        uint128 fees,
        uint128 cappedFees,
        uint256 count,
        uint256 late
    ) public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        (report.work, report.subsidy) = (bound(work, 1e20, 1e40), uint128(bound(subsidy, 0, 1e12)));
        report.fees = uint128(bound(fees, 0, 1e12));
        report.cappedFees = uint128(bound(cappedFees, 0, report.fees));
        vm.warp(endOf(FIRST_EPOCH) + bound(late, 0, 1e6));
        bytes32 digest = rewardIndex.hashReport(report);

        uint112[3] memory indices = [
            _indexOf(report.subsidy, report.work),
            _indexOf(report.cappedFees, report.work),
            _indexOf(report.fees, report.work)
        ];
        bytes memory signatures = signAll(keys, bound(count, 3, 4), digest);
        vm.expectEmit(address(rewardIndex));
        emit IRewardIndex.DayAttested(BTC, FIRST_EPOCH, digest, indices[0], indices[1], indices[2], report);
        vm.prank(anyone);
        rewardIndex.attest(report, signatures);

        IRewardIndex.Day memory day = rewardIndex.dayOf(BTC, FIRST_EPOCH);
        assertEq(day.subsidyIndex, indices[0]);
        assertEq(day.cappedFeesIndex, indices[1]);
        assertEq(day.feesIndex, indices[2]);
        assertEq(day.attestedAt, block.timestamp);
        assertEq(day.finalAt, block.timestamp + DISPUTE_SECONDS);
        assertEq(rewardIndex.newestDay(BTC), FIRST_EPOCH);
    }

    function test_attest_revertsIfNetworkDoesNotExist() public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        report.network = 2;
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.NoSuchNetwork.selector, 2, 1));
        rewardIndex.attest(report, "");
        report.network = 0;
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.NoSuchNetwork.selector, 0, 1));
        rewardIndex.attest(report, "");
    }

    function testFuzz_attest_revertsIfDayIsNotTheNext(uint24 given, uint256 attested) public {
        attested = bound(attested, 0, 3);
        for (uint24 i = 0; i < attested; i++) {
            attestDay(FIRST_EPOCH + i);
        }
        uint24 next = FIRST_EPOCH + uint24(attested);
        vm.assume(given != next);
        IRewardIndex.Report memory report = reportFor(given);
        vm.warp(endOf(FIRST_EPOCH + 100));
        _attestReverts(report, abi.encodeWithSelector(IRewardIndex.WrongDay.selector, given, next));
    }

    function testFuzz_attest_revertsIfDayIsNotOver(uint256 time) public {
        time = bound(time, 0, endOf(FIRST_EPOCH) - 1);
        vm.warp(time);
        _attestReverts(
            reportFor(FIRST_EPOCH),
            abi.encodeWithSelector(IRewardIndex.DayNotOver.selector, FIRST_EPOCH, FIRST_EPOCH)
        );
    }

    /// @dev One more round for every quarter of an epoch.
    function testFuzz_attest_revertsIfRoundIsNotOpen(uint256 late, uint32 round) public {
        late = bound(late, 0, 10 * EPOCH_SECONDS);
        uint256 open = 1 + late / (EPOCH_SECONDS / 4);
        vm.warp(endOf(FIRST_EPOCH) - 1);
        assertEq(rewardIndex.openRound(FIRST_EPOCH), 0);
        vm.warp(endOf(FIRST_EPOCH) + late);
        assertEq(rewardIndex.openRound(FIRST_EPOCH), open);
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        report.round = uint32(bound(round, open + 1, type(uint32).max));
        _attestReverts(report, abi.encodeWithSelector(IRewardIndex.RoundNotOpen.selector, report.round, open));
        report.round = 0;
        _attestReverts(report, abi.encodeWithSelector(IRewardIndex.RoundOver.selector, 0, 0));
        report.round = uint32(bound(round, 1, open));
        rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
        assertEq(rewardIndex.dayOf(BTC, FIRST_EPOCH).round, report.round);
    }

    /// @dev The clock may begin after the first day.
    function testFuzz_openRound_countsFromTheClocksStart(uint256 late, uint24 before) public {
        uint24 day = FIRST_EPOCH - uint24(bound(before, 1, FIRST_EPOCH));
        late = bound(late, 0, 10 * EPOCH_SECONDS);
        vm.warp(START + late);
        assertEq(rewardIndex.openRound(day), 1 + late / (EPOCH_SECONDS / 4));
        vm.warp(START / 2);
        assertEq(rewardIndex.openRound(day), 1);
    }

    function test_attest_revertsIfThereIsNoWork() public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        report.work = 0;
        vm.warp(endOf(FIRST_EPOCH));
        _attestReverts(report, abi.encodeWithSelector(IRewardIndex.WorkZero.selector));
    }

    function testFuzz_attest_revertsIfCappedFeesExceedFees(uint128 cappedFees) public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        report.cappedFees = uint128(bound(cappedFees, report.fees + 1, type(uint128).max));
        vm.warp(endOf(FIRST_EPOCH));
        _attestReverts(
            report,
            abi.encodeWithSelector(IRewardIndex.CappedFeesAboveFees.selector, report.cappedFees, report.fees)
        );
    }

    function testFuzz_attest_revertsIfIndexDoesNotFit(uint256 work) public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        // 900 BTC for less work than this is 2^112 or more for a unit.
        uint256 tooMuch = uint256(report.subsidy) * UNIT_WORK * 1e18;
        report.work = bound(work, 1, tooMuch >> 112);
        vm.warp(endOf(FIRST_EPOCH));
        _attestReverts(
            report,
            abi.encodeWithSelector(
                IRewardIndex.IndexTooLarge.selector, 0, tooMuch / report.work, type(uint112).max
            )
        );
    }

    function testFuzz_attest_revertsIfSignaturesAreMalformed(uint256 length) public {
        IRewardIndex.Report memory report = _overReport();
        length = bound(length, 0, 400);
        vm.assume(length % 65 != 0);
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.SignaturesMalformed.selector, length));
        rewardIndex.attest(report, new bytes(length));
    }

    function testFuzz_attest_revertsIfQuorumIsMissed(uint256 given) public {
        given = bound(given, 0, 2);
        IRewardIndex.Report memory report = _overReport();
        bytes memory signatures = signAll(keys, given, rewardIndex.hashReport(report));
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.QuorumMissed.selector, given, 3));
        rewardIndex.attest(report, signatures);
    }

    function testFuzz_attest_revertsIfSignersAreNotAscending(uint256[3] memory picks) public {
        for (uint256 i = 0; i < 3; i++) {
            picks[i] = bound(picks[i], 0, 3);
        }
        vm.assume(picks[0] >= picks[1] || picks[1] >= picks[2]);
        uint256 at = picks[0] >= picks[1] ? 1 : 2;
        IRewardIndex.Report memory report = _overReport();
        bytes32 digest = rewardIndex.hashReport(report);
        bytes memory signatures = bytes.concat(
            sign(keys[picks[0]], digest), sign(keys[picks[1]], digest), sign(keys[picks[2]], digest)
        );
        vm.expectRevert(
            abi.encodeWithSelector(IRewardIndex.SignersNotAscending.selector, at, vm.addr(keys[picks[at]]))
        );
        rewardIndex.attest(report, signatures);
    }

    function testFuzz_attest_revertsIfSignatureIsMalleable(uint256 at) public {
        at = bound(at, 0, 2);
        IRewardIndex.Report memory report = _overReport();
        bytes32 digest = rewardIndex.hashReport(report);
        bytes memory signatures;
        for (uint256 i = 0; i < 3; i++) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            // The same key, the same message, another signature.
            if (i == at) (v, s) = (v == 27 ? 28 : 27, bytes32(CURVE_ORDER - uint256(s)));
            signatures = bytes.concat(signatures, abi.encodePacked(r, s, v));
        }
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.InvalidSignature.selector, at));
        rewardIndex.attest(report, signatures);
    }

    function testFuzz_attest_revertsIfRecoveryIdIsWrong(uint8 v) public {
        vm.assume(v != 27 && v != 28);
        IRewardIndex.Report memory report = _overReport();
        bytes memory signatures = signAll(keys, 3, rewardIndex.hashReport(report));
        signatures[64] = bytes1(v);
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.InvalidSignature.selector, 0));
        rewardIndex.attest(report, signatures);
    }

    function testFuzz_attest_revertsIfSignerIsForeign(uint256 key) public {
        key = bound(key, 1, CURVE_ORDER - 1);
        address foreigner = vm.addr(key);
        for (uint256 i = 0; i < 4; i++) {
            vm.assume(foreigner != vm.addr(keys[i]));
        }
        IRewardIndex.Report memory report = _overReport();
        bytes32 digest = rewardIndex.hashReport(report);
        bytes memory signatures =
            bytes.concat(sign(key, digest), sign(keys[2], digest), sign(keys[3], digest));
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.NotASigner.selector, 0, foreigner));
        rewardIndex.attest(report, signatures);
    }

    function testFuzz_attest_revertsIfAnythingElseWasSigned(uint256 field, uint256 value) public {
        IRewardIndex.Report memory signed = _overReport();
        _change(signed, bound(field, 0, 8), value);
        bytes32 digest = rewardIndex.hashReport(signed);
        vm.assume(digest != rewardIndex.hashReport(reportFor(FIRST_EPOCH)));
        _reverts(reportFor(FIRST_EPOCH), signAll(keys, 3, digest));
    }

    function testFuzz_attest_revertsIfSignedForAnotherChain(uint64 chainId) public {
        vm.assume(chainId != 0 && chainId != block.chainid);
        uint256 here = block.chainid;
        IRewardIndex.Report memory report = _overReport();
        vm.chainId(chainId);
        bytes memory signatures = signAll(keys, 3, rewardIndex.hashReport(report));
        vm.chainId(here);
        _reverts(report, signatures);
    }

    function test_attest_revertsIfSignedForAnotherContract() public {
        RewardIndex twin = deployRewardIndex(1, addressesOf(keys));
        IRewardIndex.Report memory report = _overReport();
        assertEq(twin.configDigest(BTC), rewardIndex.configDigest(BTC));
        _reverts(report, signAll(keys, 3, twin.hashReport(report)));
    }

    function test_attest_revertsIfSignedUnderAnotherConfig() public {
        IRewardIndex.Report memory report = _overReport();
        bytes memory signatures = signAll(keys, 3, rewardIndex.hashReport(report));
        // The same signers again: only the count of configurations tells the two apart.
        vm.prank(timelock);
        rewardIndex.changeSigners(BTC, 1, addressesOf(keys));
        _reverts(report, signatures);
        rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
    }

    /* DIGEST */

    /// @dev Written out field by field, from EIP-712 and the type in the interface.
    function testFuzz_hashReport_isEip712(IRewardIndex.Report memory report) public view {
        report.network = BTC;
        bytes32 typeHash = keccak256(
            bytes.concat(
                "Report(bytes32 configDigest,uint32 network,uint24 day,uint32 round,uint32 lastHeight,",
                "bytes32 lastBlockHash,uint256 work,uint128 subsidy,uint128 fees,uint128 cappedFees,",
                "uint128 medianFee,bytes32 poolRowsRoot)"
            )
        );
        bytes memory head = bytes.concat(
            typeHash,
            rewardIndex.configDigest(BTC),
            bytes32(uint256(report.network)),
            bytes32(uint256(report.day)),
            bytes32(uint256(report.round)),
            bytes32(uint256(report.lastHeight)),
            report.lastBlockHash
        );
        bytes memory tail = bytes.concat(
            bytes32(report.work),
            bytes32(uint256(report.subsidy)),
            bytes32(uint256(report.fees)),
            bytes32(uint256(report.cappedFees)),
            bytes32(uint256(report.medianFee)),
            report.poolRowsRoot
        );
        bytes32 domain = keccak256(
            bytes.concat(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Hashsand RewardIndex"),
                keccak256("1"),
                bytes32(block.chainid),
                bytes32(uint256(uint160(address(rewardIndex))))
            )
        );
        bytes32 expected = keccak256(bytes.concat(hex"1901", domain, keccak256(bytes.concat(head, tail))));
        assertEq(rewardIndex.hashReport(report), expected);
        assertEq(rewardIndex.hashReportUnder(rewardIndex.configDigest(BTC), report), expected);
    }

    function testFuzz_hashReportUnder_isOfThatConfig(bytes32 digest) public {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        bytes32 before = rewardIndex.configDigest(BTC);
        bytes32 signed = rewardIndex.hashReport(report);
        vm.prank(timelock);
        rewardIndex.changeSigners(BTC, 1, addressesOf(keys));
        assertEq(rewardIndex.hashReportUnder(before, report), signed);
        assertEq(rewardIndex.hashReportUnder(digest, report) == signed, digest == before);
    }

    function test_configDigest_isOfTheWholeConfig() public view {
        // A struct with a list in it: it stands behind an offset, and the list behind another.
        bytes memory config = bytes.concat(
            bytes32("BTC"),
            bytes32("1 PH/s"),
            bytes32(uint256(0)),
            bytes32(uint256(86_400e15)),
            bytes32(0),
            bytes32(uint256(uint160(challenger))),
            bytes32(uint256(FIRST_EPOCH)),
            bytes32(uint256(DISPUTE_SECONDS)),
            bytes32(uint256(1)),
            bytes32(uint256(320))
        );
        bytes memory signers = bytes.concat(bytes32(uint256(4)), abi.encodePacked(addressesOf(keys)));
        bytes32 expected = keccak256(
            bytes.concat(bytes32(uint256(1)), bytes32(uint256(1)), bytes32(uint256(96)), config, signers)
        );
        assertEq(rewardIndex.configDigest(BTC), expected);
    }

    /* AUTHORITY */

    function testFuzz_changeSigners_revertsIfNotTimelock(address caller) public {
        vm.assume(caller != timelock);
        address[] memory signers = addressesOf(keys);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.NotTimelock.selector, caller, timelock));
        rewardIndex.changeSigners(BTC, 1, signers);
    }

    function test_changeSigners_replacesThemAndKeepsDays() public {
        attestDay(FIRST_EPOCH);
        bytes32 day = keccak256(abi.encode(rewardIndex.dayOf(BTC, FIRST_EPOCH)));
        bytes32 before = rewardIndex.configDigest(BTC);
        uint256[] memory more = signerKeys(7);

        vm.prank(timelock);
        rewardIndex.changeSigners(BTC, 2, addressesOf(more));

        assertTrue(rewardIndex.configDigest(BTC) != before);
        assertEq(rewardIndex.signersOf(BTC), addressesOf(more));
        assertEq(keccak256(abi.encode(rewardIndex.dayOf(BTC, FIRST_EPOCH))), day);
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH + 1);
        bytes32 digest = rewardIndex.hashReport(report);
        vm.warp(endOf(FIRST_EPOCH + 1));
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.QuorumMissed.selector, 4, 5));
        rewardIndex.attest(report, signAll(more, 4, digest));
        rewardIndex.attest(report, signAll(more, 5, digest));
    }

    /* STATES */

    function test_stateOf_goesFromOpenToFinal() public {
        assertEq(uint8(rewardIndex.stateOf(BTC, FIRST_EPOCH)), uint8(IRewardIndex.DayState.Open));
        attestDay(FIRST_EPOCH);
        assertEq(uint8(rewardIndex.stateOf(BTC, FIRST_EPOCH)), uint8(IRewardIndex.DayState.Attested));
        vm.warp(endOf(FIRST_EPOCH) + DISPUTE_SECONDS - 1);
        assertEq(uint8(rewardIndex.stateOf(BTC, FIRST_EPOCH)), uint8(IRewardIndex.DayState.Attested));
        vm.expectRevert(abi.encodeWithSelector(IRewardSource.DayNotFinal.selector, BTC, FIRST_EPOCH));
        rewardIndex.settledReward(BTC, FIRST_EPOCH);
        assertEq(rewardIndex.lastContiguousDay(BTC), 0);

        vm.warp(endOf(FIRST_EPOCH) + DISPUTE_SECONDS);
        assertEq(uint8(rewardIndex.stateOf(BTC, FIRST_EPOCH)), uint8(IRewardIndex.DayState.Final));
        uint256[] memory rewards = rewardIndex.settledReward(BTC, FIRST_EPOCH);
        IRewardIndex.Day memory day = rewardIndex.dayOf(BTC, FIRST_EPOCH);
        assertEq(rewards.length, 2);
        assertEq(rewards[0], day.subsidyIndex);
        assertEq(rewards[1], day.cappedFeesIndex);
        assertEq(rewardIndex.lastContiguousDay(BTC), FIRST_EPOCH);
    }

    function testFuzz_lastContiguousDay_isTheLastFinalOne(uint256 days_, uint256 wait) public {
        days_ = bound(days_, 0, 20);
        // Attested all at once, long after their ends, in steps of 7 seconds.
        uint256 time = endOf(FIRST_EPOCH + 30);
        for (uint24 i = 0; i < days_; i++) {
            IRewardIndex.Report memory report = reportFor(FIRST_EPOCH + i);
            vm.warp(time + uint256(i) * 7);
            rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
        }
        vm.warp(time + bound(wait, days_ * 7, 300));

        uint24 expected = 0;
        for (uint24 i = 0; i < days_; i++) {
            if (rewardIndex.stateOf(BTC, FIRST_EPOCH + i) == IRewardIndex.DayState.Final) {
                expected = FIRST_EPOCH + i;
            }
        }
        assertEq(rewardIndex.lastContiguousDay(BTC), expected);
    }

    /* CLOCK */

    function testFuzz_currentEpoch_followsTheClock(uint256 time) public {
        time = bound(time, 0, START + 1e9);
        vm.warp(time);
        uint256 expected = time < START ? FIRST_EPOCH : FIRST_EPOCH + (time - START) / EPOCH_SECONDS;
        assertEq(rewardIndex.currentEpoch(), expected);
    }

    /* HELPERS */

    function _overReport() private returns (IRewardIndex.Report memory) {
        vm.warp(endOf(FIRST_EPOCH));
        return reportFor(FIRST_EPOCH);
    }

    function _attestReverts(IRewardIndex.Report memory report, bytes memory reason) private {
        bytes memory signatures = signAll(keys, 3, rewardIndex.hashReport(report));
        vm.expectRevert(reason);
        rewardIndex.attest(report, signatures);
    }

    /// @dev A signature over something else recovers some address: which of the two errors it is depends on its order.
    function _reverts(IRewardIndex.Report memory report, bytes memory signatures) private {
        try rewardIndex.attest(report, signatures) {
            fail();
        } catch (bytes memory reason) {
            bytes4 selector = bytes4(reason);
            assertTrue(
                selector == IRewardIndex.NotASigner.selector
                    || selector == IRewardIndex.SignersNotAscending.selector
            );
        }
        assertEq(rewardIndex.newestDay(BTC), 0);
    }

    function _change(IRewardIndex.Report memory report, uint256 field, uint256 value) private pure {
        if (field == 0) report.day = uint24(value);
        if (field == 1) report.round = uint32(value);
        if (field == 2) report.lastHeight = uint32(value);
        if (field == 3) report.lastBlockHash = bytes32(value);
        if (field == 4) report.work = value;
        if (field == 5) report.subsidy = uint128(value);
        if (field == 6) report.fees = uint128(value);
        if (field == 7) report.medianFee = uint128(value);
        if (field == 8) report.poolRowsRoot = bytes32(value);
    }

    function _indexOf(uint256 reward, uint256 work) private pure returns (uint112) {
        return uint112(reward * UNIT_WORK * 1e18 / work);
    }

    function _constructorReverts(IRewardIndex.NetworkConfig memory config, bytes memory reason) private {
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](1);
        networks[0] = config;
        vm.expectRevert(reason);
        new RewardIndex(IRewardIndex.Clock(FIRST_EPOCH, START, EPOCH_SECONDS), timelock, networks);
    }
}
