// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {IRewardSource} from "../../../contracts/interfaces/IRewardSource.sol";
import {BaseTest} from "../BaseTest.sol";

// prove, proveEmpty
// ├── when the caller is not the prover, or nobody is → reverts NotProver
// ├── when the day is not the one after the last proven → reverts WrongDay
// ├── when the clock has not left the day → reverts DayNotOver
// ├── when there is no work, or the capped fees exceed the fees → reverts WorkZero, CappedFeesAboveFees
// ├── when the day is not final → it is Proven from now on, whatever a quorum said
// ├── when it is final or substituted → the proof is kept, no value changes
// ├── when a component does not fit → it is the largest that does
// └── when the day is empty → values and statement of the day before; 0 on the first day
// attest
// ├── of a proven network → Attested, never final by time
// └── of a checked one → Final by time, or Proven, whichever is first
// substitute
// ├── when the day before is not final, or there is none and it is not the first → reverts DayNotFinal, WrongDay
// ├── when time will settle the day → reverts DayWillBeFinal
// ├── when its end is not 7 (attested) or 30 epochs ago → reverts TooEarlyToSubstitute
// └── otherwise → the values of the day before, final now
// voidDay
// ├── when the caller is not the challenger, or there is none → reverts NotChallenger
// ├── when the day is not attested, or final → reverts DayNotAttested, DayFinal
// └── otherwise → it and all after it are open; its report is dead, theirs are not
contract RewardIndexDaysTest is BaseTest {
    uint24 private constant SECOND = FIRST_EPOCH + 1;

    /* PROVE */

    function testFuzz_prove_settlesTheDay(
        IProvenDays.Totals memory totals,
        uint256 class,
        bool attested,
        uint256 late
    ) public {
        _deploy(_provingClass(class));
        totals = _bounded(totals);
        vm.warp(endOf(FIRST_EPOCH) + (attested ? bound(late, 0, DISPUTE_SECONDS - 1) : bound(late, 0, 1e6)));
        if (attested) _attestNow(reportFor(FIRST_EPOCH));
        uint112[3] memory indices = [
            _indexOf(totals.subsidy, totals.work),
            _indexOf(totals.cappedFees, totals.work),
            _indexOf(totals.fees, totals.work)
        ];

        bytes32 statement = keccak256(abi.encode(totals));
        vm.expectEmit(address(rewardIndex));
        emit IRewardIndex.DayProven(
            BTC, FIRST_EPOCH, statement, true, indices[0], indices[1], indices[2], totals
        );
        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH, totals);

        IRewardIndex.Day memory day = rewardIndex.dayOf(BTC, FIRST_EPOCH);
        assertEq(day.subsidyIndex, indices[0]);
        assertEq(day.cappedFeesIndex, indices[1]);
        assertEq(day.feesIndex, indices[2]);
        assertEq(day.finalAt, block.timestamp);
        assertEq(day.provenAt, block.timestamp);
        assertEq(day.attestedAt != 0, attested);
        _assertState(FIRST_EPOCH, IRewardIndex.DayState.Proven);
        assertEq(rewardIndex.statementOf(BTC, FIRST_EPOCH), statement);
        assertEq(rewardIndex.lastProvenDay(BTC), FIRST_EPOCH);
        assertEq(rewardIndex.newestDay(BTC), FIRST_EPOCH);
        assertEq(rewardIndex.lastContiguousDay(BTC), FIRST_EPOCH);
        uint256[] memory rewards = rewardIndex.settledReward(BTC, FIRST_EPOCH);
        assertEq(rewards[0], indices[0]);
        assertEq(rewards[1], indices[1]);
    }

    /// @dev Large enough for any component: the smallest reward of the golden days is far below.
    function testFuzz_prove_keepsWhatDoesNotFitAtTheLargest(uint256 work, uint128 subsidy) public {
        _deploy(IRewardIndex.NetworkClass.Proven);
        IProvenDays.Totals memory totals = totalsFor(FIRST_EPOCH);
        totals.work = bound(work, 1, type(uint128).max);
        totals.subsidy = subsidy;
        vm.warp(endOf(FIRST_EPOCH));
        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH, totals);

        // Where 256 bits are too few for the product, the quotient is above 2^112 for any of these works.
        uint256 exact = subsidy > type(uint256).max / UNIT_WORK / 1e18
            ? type(uint256).max
            : uint256(subsidy) * UNIT_WORK * 1e18 / totals.work;
        uint256 expected = exact > type(uint112).max ? type(uint112).max : exact;
        assertEq(rewardIndex.dayOf(BTC, FIRST_EPOCH).subsidyIndex, expected);
    }

    function testFuzz_prove_changesNoFinalValue(uint256 substituted, uint128 subsidy) public {
        bool stoodIn = substituted % 2 == 0;
        _deploy(stoodIn ? IRewardIndex.NetworkClass.Proven : IRewardIndex.NetworkClass.Checked);
        vm.warp(endOf(FIRST_EPOCH));
        _attestNow(reportFor(FIRST_EPOCH));
        vm.warp(endOf(FIRST_EPOCH) + 30 * EPOCH_SECONDS);
        if (stoodIn) rewardIndex.substitute(BTC, FIRST_EPOCH);
        IRewardIndex.DayState state = rewardIndex.stateOf(BTC, FIRST_EPOCH);
        IRewardIndex.Day memory before = rewardIndex.dayOf(BTC, FIRST_EPOCH);
        IProvenDays.Totals memory totals = totalsFor(FIRST_EPOCH);
        totals.subsidy = uint128(bound(subsidy, 0, 1e12));

        bytes32 statement = keccak256(abi.encode(totals));
        vm.expectEmit(address(rewardIndex));
        emit IRewardIndex.DayProven(
            BTC,
            FIRST_EPOCH,
            statement,
            false,
            _indexOf(totals.subsidy, totals.work),
            _indexOf(totals.cappedFees, totals.work),
            _indexOf(totals.fees, totals.work),
            totals
        );
        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH, totals);

        before.provenAt = uint32(block.timestamp);
        assertEq(keccak256(abi.encode(rewardIndex.dayOf(BTC, FIRST_EPOCH))), keccak256(abi.encode(before)));
        _assertState(FIRST_EPOCH, state);
        assertEq(rewardIndex.statementOf(BTC, FIRST_EPOCH), statement);
        assertEq(rewardIndex.lastProvenDay(BTC), FIRST_EPOCH);
    }

    function testFuzz_prove_revertsIfNotProver(address caller, uint256 class, bool empty) public {
        class = bound(class, 0, 2);
        _deploy(IRewardIndex.NetworkClass(class));
        // Nobody sends from the zero address.
        address wanted = class == 0 ? address(0) : prover;
        vm.assume(caller != wanted && caller != address(0));
        vm.warp(endOf(FIRST_EPOCH));
        _proveReverts(
            caller,
            FIRST_EPOCH,
            totalsFor(FIRST_EPOCH),
            empty,
            abi.encodeWithSelector(IRewardIndex.NotProver.selector, caller, wanted)
        );
    }

    function testFuzz_prove_revertsIfDayIsNotTheNext(uint24 given, uint256 proven, bool empty) public {
        _deploy(IRewardIndex.NetworkClass.Proven);
        proven = bound(proven, 0, 3);
        vm.warp(endOf(FIRST_EPOCH + 100));
        for (uint24 i = 0; i < proven; i++) {
            vm.prank(prover);
            rewardIndex.prove(BTC, FIRST_EPOCH + i, totalsFor(FIRST_EPOCH + i));
        }
        uint24 next = FIRST_EPOCH + uint24(proven);
        vm.assume(given != next);
        _proveReverts(
            prover,
            given,
            totalsFor(given),
            empty,
            abi.encodeWithSelector(IRewardIndex.WrongDay.selector, given, next)
        );
    }

    function testFuzz_prove_revertsIfDayIsNotOver(uint256 time, bool empty) public {
        _deploy(IRewardIndex.NetworkClass.Checked);
        vm.warp(bound(time, 0, endOf(FIRST_EPOCH) - 1));
        _proveReverts(
            prover,
            FIRST_EPOCH,
            totalsFor(FIRST_EPOCH),
            empty,
            abi.encodeWithSelector(IRewardIndex.DayNotOver.selector, FIRST_EPOCH, FIRST_EPOCH)
        );
    }

    function testFuzz_prove_revertsIfTotalsAreSenseless(uint128 cappedFees) public {
        _deploy(IRewardIndex.NetworkClass.Proven);
        vm.warp(endOf(FIRST_EPOCH));
        IProvenDays.Totals memory totals = totalsFor(FIRST_EPOCH);
        totals.work = 0;
        _proveReverts(
            prover, FIRST_EPOCH, totals, false, abi.encodeWithSelector(IRewardIndex.WorkZero.selector)
        );
        totals = totalsFor(FIRST_EPOCH);
        totals.cappedFees = uint128(bound(cappedFees, totals.fees + 1, type(uint128).max));
        _proveReverts(
            prover,
            FIRST_EPOCH,
            totals,
            false,
            abi.encodeWithSelector(IRewardIndex.CappedFeesAboveFees.selector, totals.cappedFees, totals.fees)
        );
    }

    /// @dev Days without blocks may follow each other, and come first.
    function testFuzz_proveEmpty_carriesTheDayBefore(uint256 first, uint256 count) public {
        _deploy(IRewardIndex.NetworkClass.Proven);
        (first, count) = (bound(first, 0, 1), bound(count, 1, 4));
        vm.warp(endOf(FIRST_EPOCH + 10));
        vm.startPrank(prover);
        if (first == 1) rewardIndex.prove(BTC, FIRST_EPOCH, totalsFor(FIRST_EPOCH));
        uint256[] memory values = new uint256[](2);
        if (first == 1) values = rewardIndex.settledReward(BTC, FIRST_EPOCH);
        bytes32 statement = first == 1 ? keccak256(abi.encode(totalsFor(FIRST_EPOCH))) : bytes32(0);
        for (uint24 i = 0; i < count; i++) {
            uint24 day = FIRST_EPOCH + uint24(first) + i;
            vm.expectEmit(address(rewardIndex));
            emit IRewardIndex.EmptyDayProven(BTC, day, statement, true);
            rewardIndex.proveEmpty(BTC, day);

            assertEq(rewardIndex.settledReward(BTC, day), values);
            assertEq(rewardIndex.statementOf(BTC, day), statement);
            assertEq(rewardIndex.dayOf(BTC, day).finalAt, block.timestamp);
            assertEq(rewardIndex.lastProvenDay(BTC), day);
            _assertState(day, IRewardIndex.DayState.Proven);
        }
    }

    /* CLASSES */

    function testFuzz_attest_neverSettlesAProvenNetwork(uint32 wait) public {
        _deploy(IRewardIndex.NetworkClass.Proven);
        vm.warp(endOf(FIRST_EPOCH));
        _attestNow(reportFor(FIRST_EPOCH));
        vm.warp(block.timestamp + wait);
        _assertState(FIRST_EPOCH, IRewardIndex.DayState.Attested);
        assertEq(rewardIndex.dayOf(BTC, FIRST_EPOCH).finalAt, 0);
        assertEq(rewardIndex.lastContiguousDay(BTC), 0);
        vm.expectRevert(abi.encodeWithSelector(IRewardSource.DayNotFinal.selector, BTC, FIRST_EPOCH));
        rewardIndex.settledReward(BTC, FIRST_EPOCH);
    }

    function testFuzz_attest_settlesACheckedNetworkUnlessAProofIsFirst(uint256 wait) public {
        _deploy(IRewardIndex.NetworkClass.Checked);
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        report.subsidy *= 2;
        vm.warp(endOf(FIRST_EPOCH));
        _attestNow(report);
        wait = bound(wait, 0, 2 * DISPUTE_SECONDS);
        vm.warp(block.timestamp + wait);
        bool byTime = wait >= DISPUTE_SECONDS;
        _assertState(FIRST_EPOCH, byTime ? IRewardIndex.DayState.Final : IRewardIndex.DayState.Attested);

        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH, totalsFor(FIRST_EPOCH));
        _assertState(FIRST_EPOCH, byTime ? IRewardIndex.DayState.Final : IRewardIndex.DayState.Proven);
        assertEq(
            rewardIndex.settledReward(BTC, FIRST_EPOCH)[0],
            _indexOf(byTime ? report.subsidy : report.subsidy / 2, report.work)
        );
    }

    /// @dev What the prover has passed needs no quorum any more, and can have none.
    function test_attest_goesOnAfterWhatIsProvenOrSubstituted() public {
        _deploy(IRewardIndex.NetworkClass.Proven);
        vm.warp(endOf(FIRST_EPOCH + 40));
        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH, totalsFor(FIRST_EPOCH));
        rewardIndex.substitute(BTC, SECOND);
        IRewardIndex.Report memory report = reportFor(SECOND);
        bytes memory signatures = signAll(keys, 3, rewardIndex.hashReport(report));
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.WrongDay.selector, SECOND, SECOND + 1));
        rewardIndex.attest(report, signatures);
        _attestNow(reportFor(SECOND + 1));
        assertEq(rewardIndex.newestDay(BTC), SECOND + 1);

        // The prover has its own count, and is not held up by either.
        vm.startPrank(prover);
        rewardIndex.prove(BTC, SECOND, totalsFor(SECOND));
        rewardIndex.prove(BTC, SECOND + 1, totalsFor(SECOND + 1));
        _assertState(SECOND, IRewardIndex.DayState.Substituted);
        _assertState(SECOND + 1, IRewardIndex.DayState.Proven);
    }

    /* SUBSTITUTE */

    function testFuzz_substitute_carriesTheDayBefore(
        uint256 class,
        uint256 count,
        uint256 late,
        bool attested
    ) public {
        class = bound(class, 0, 2);
        _deploy(IRewardIndex.NetworkClass(class));
        (count, late) = (bound(count, 1, 4), bound(late, 0, 1e6));
        vm.warp(endOf(FIRST_EPOCH));
        if (class == 0) {
            _attestNow(reportFor(FIRST_EPOCH));
        } else {
            vm.prank(prover);
            rewardIndex.prove(BTC, FIRST_EPOCH, totalsFor(FIRST_EPOCH));
        }
        vm.warp(endOf(SECOND + uint24(count)) + (class == 0 ? 7 : 30) * EPOCH_SECONDS + late);
        // What a quorum said of a proven network, and nobody proved, does not settle either.
        IRewardIndex.Report memory provisional = reportFor(SECOND);
        provisional.subsidy *= 3;
        if (class == 1 && attested) _attestNow(provisional);
        IRewardIndex.Day memory before = rewardIndex.dayOf(BTC, FIRST_EPOCH);

        for (uint24 i = 0; i < count; i++) {
            vm.expectEmit(address(rewardIndex));
            emit IRewardIndex.DaySubstituted(BTC, SECOND + i, before.subsidyIndex, before.cappedFeesIndex);
            vm.prank(anyone);
            rewardIndex.substitute(BTC, SECOND + i);

            IRewardIndex.Day memory day = rewardIndex.dayOf(BTC, SECOND + i);
            assertEq(day.subsidyIndex, before.subsidyIndex);
            assertEq(day.cappedFeesIndex, before.cappedFeesIndex);
            assertEq(day.feesIndex, before.feesIndex);
            assertEq(day.finalAt, block.timestamp);
            _assertState(SECOND + i, IRewardIndex.DayState.Substituted);
            assertEq(rewardIndex.lastContiguousDay(BTC), SECOND + i);
            assertEq(rewardIndex.newestDay(BTC), SECOND + i);
        }
    }

    function testFuzz_substitute_givesTheFirstDayNothing(uint256 class) public {
        _deploy(IRewardIndex.NetworkClass(bound(class, 0, 2)));
        vm.warp(endOf(FIRST_EPOCH) + 30 * EPOCH_SECONDS);
        rewardIndex.substitute(BTC, FIRST_EPOCH);
        assertEq(rewardIndex.settledReward(BTC, FIRST_EPOCH), new uint256[](2));
    }

    function testFuzz_substitute_revertsIfTooEarly(uint256 class, uint256 since) public {
        class = bound(class, 0, 2);
        _deploy(IRewardIndex.NetworkClass(class));
        uint256 required = (class == 0 ? 7 : 30) * EPOCH_SECONDS;
        since = bound(since, 0, required - 1);
        vm.warp(endOf(FIRST_EPOCH) + since);
        _substituteReverts(
            FIRST_EPOCH,
            abi.encodeWithSelector(IRewardIndex.TooEarlyToSubstitute.selector, FIRST_EPOCH, since, required)
        );
    }

    /// @dev Whoever would rather have the day before cannot have it once a quorum spoke, however late it did.
    function testFuzz_substitute_revertsIfTimeWillSettle(uint256 checked, uint256 wait) public {
        _deploy(checked % 2 == 0 ? IRewardIndex.NetworkClass.Attested : IRewardIndex.NetworkClass.Checked);
        vm.warp(endOf(FIRST_EPOCH) + 100 * EPOCH_SECONDS);
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        uint256 finalAt = block.timestamp + DISPUTE_SECONDS;
        _attestNow(report);
        vm.warp(block.timestamp + bound(wait, 0, 2 * DISPUTE_SECONDS));
        _substituteReverts(
            FIRST_EPOCH,
            abi.encodeWithSelector(IRewardIndex.DayWillBeFinal.selector, BTC, FIRST_EPOCH, finalAt)
        );
    }

    function testFuzz_substitute_revertsIfNotTheNextAfterTheLastFinal(uint24 day, uint256 class) public {
        _deploy(IRewardIndex.NetworkClass(bound(class, 0, 2)));
        vm.warp(endOf(FIRST_EPOCH + 100));
        day = uint24(bound(day, FIRST_EPOCH + 1, FIRST_EPOCH + 200));
        _substituteReverts(day, abi.encodeWithSelector(IRewardSource.DayNotFinal.selector, BTC, day - 1));
        day = uint24(bound(day, 0, FIRST_EPOCH - 1));
        _substituteReverts(day, abi.encodeWithSelector(IRewardIndex.WrongDay.selector, day, FIRST_EPOCH));
        rewardIndex.substitute(BTC, FIRST_EPOCH);
        _substituteReverts(
            FIRST_EPOCH,
            abi.encodeWithSelector(IRewardIndex.DayWillBeFinal.selector, BTC, FIRST_EPOCH, block.timestamp)
        );
    }

    /* VOID */

    function testFuzz_voidDay_reopensItAndAllAfterIt(uint256 count, uint256 at) public {
        count = bound(count, 1, 6);
        uint24 voided = FIRST_EPOCH + uint24(bound(at, 0, count - 1));
        uint24 last = FIRST_EPOCH + uint24(count) - 1;
        vm.warp(endOf(FIRST_EPOCH + 10));
        for (uint24 i = 0; i < count; i++) {
            _attestNow(reportFor(FIRST_EPOCH + i));
        }
        assertEq(rewardIndex.attestedRootOf(BTC, last), reportFor(last).poolRowsRoot);

        vm.expectEmit(address(rewardIndex));
        emit IRewardIndex.DayVoided(BTC, voided, 1, last);
        vm.prank(challenger);
        rewardIndex.voidDay(BTC, voided);

        for (uint24 day = FIRST_EPOCH; day <= last; day++) {
            bool stays = day < voided;
            _assertState(day, stays ? IRewardIndex.DayState.Attested : IRewardIndex.DayState.Open);
            assertEq(rewardIndex.attestedRootOf(BTC, day) != 0, stays);
        }
        assertEq(rewardIndex.newestDay(BTC), voided == FIRST_EPOCH ? 0 : voided - 1);
        IRewardIndex.Report memory report = reportFor(voided);
        bytes memory signatures = signAll(keys, 3, rewardIndex.hashReport(report));
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.RoundOver.selector, 1, 1));
        rewardIndex.attest(report, signatures);

        // The next round may say it anew, and the reports of the days after it still hold.
        report.round = 2;
        _attestNow(report);
        for (uint24 day = voided + 1; day <= last; day++) {
            _attestNow(reportFor(day));
        }
        vm.warp(block.timestamp + DISPUTE_SECONDS);
        assertEq(rewardIndex.lastContiguousDay(BTC), last);
    }

    /// @dev A day that was voided, attested anew and dropped with a day before it: the first report stays dead.
    function test_voidDay_keepsDeadReportsDead() public {
        vm.warp(endOf(FIRST_EPOCH + 10));
        _attestNow(reportFor(FIRST_EPOCH));
        _attestNow(reportFor(SECOND));
        vm.startPrank(challenger);
        rewardIndex.voidDay(BTC, SECOND);
        IRewardIndex.Report memory anew = reportFor(SECOND);
        anew.round = 2;
        _attestNow(anew);
        rewardIndex.voidDay(BTC, FIRST_EPOCH);
        IRewardIndex.Report memory first = reportFor(FIRST_EPOCH);
        first.round = 2;
        _attestNow(first);

        IRewardIndex.Report memory dead = reportFor(SECOND);
        bytes memory signatures = signAll(keys, 3, rewardIndex.hashReport(dead));
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.RoundOver.selector, 1, 1));
        rewardIndex.attest(dead, signatures);
        _attestNow(anew);
    }

    function testFuzz_voidDay_revertsIfFinal(uint256 wait) public {
        attestDay(FIRST_EPOCH);
        uint256 finalAt = block.timestamp + DISPUTE_SECONDS;
        vm.warp(finalAt + bound(wait, 0, 1e6));
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.DayFinal.selector, BTC, FIRST_EPOCH, finalAt));
        rewardIndex.voidDay(BTC, FIRST_EPOCH);
    }

    function testFuzz_voidDay_revertsIfNotAttested(uint24 day) public {
        attestDay(FIRST_EPOCH);
        vm.assume(day != FIRST_EPOCH);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.DayNotAttested.selector, BTC, day));
        rewardIndex.voidDay(BTC, day);
    }

    function testFuzz_voidDay_revertsIfNotChallenger(address caller, uint256 class) public {
        class = bound(class, 0, 2);
        _deploy(IRewardIndex.NetworkClass(class));
        vm.warp(endOf(FIRST_EPOCH));
        _attestNow(reportFor(FIRST_EPOCH));
        address wanted = class == 0 ? challenger : address(0);
        vm.assume(caller != wanted && caller != address(0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IRewardIndex.NotChallenger.selector, caller, wanted));
        rewardIndex.voidDay(BTC, FIRST_EPOCH);
    }

    /* MEMBERSHIP */

    function test_membershipOf_whoStaysNeverLeaves() public {
        uint256[] memory more = signerKeys(7);
        vm.warp(endOf(FIRST_EPOCH + 3));
        vm.prank(timelock);
        rewardIndex.changeSigners(BTC, 2, addressesOf(more));
        for (uint256 i = 0; i < 7; i++) {
            assertEq(abi.encode(rewardIndex.membershipOf(vm.addr(more[i]))), abi.encode(1, 0, 0));
        }

        vm.warp(endOf(FIRST_EPOCH + 5));
        address[] memory one = new address[](1);
        one[0] = vm.addr(more[3]);
        vm.prank(timelock);
        rewardIndex.changeSigners(BTC, 0, one);
        for (uint256 i = 0; i < 7; i++) {
            assertEq(
                abi.encode(rewardIndex.membershipOf(vm.addr(more[i]))),
                i == 3 ? abi.encode(1, 0, 0) : abi.encode(0, FIRST_EPOCH + 6, block.timestamp)
            );
        }
    }

    /* HELPERS */

    function _deploy(IRewardIndex.NetworkClass class) private {
        rewardIndex = deployRewardIndex(networkConfig(class, 1, addressesOf(keys)));
    }

    function _provingClass(uint256 seed) private pure returns (IRewardIndex.NetworkClass) {
        return seed % 2 == 0 ? IRewardIndex.NetworkClass.Proven : IRewardIndex.NetworkClass.Checked;
    }

    function _bounded(IProvenDays.Totals memory totals) private pure returns (IProvenDays.Totals memory) {
        totals.work = bound(totals.work, 1e20, 1e40);
        totals.subsidy = uint128(bound(totals.subsidy, 0, 1e12));
        totals.fees = uint128(bound(totals.fees, 0, 1e12));
        totals.cappedFees = uint128(bound(totals.cappedFees, 0, totals.fees));
        return totals;
    }

    function _attestNow(IRewardIndex.Report memory report) private {
        rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
    }

    function _assertState(uint24 day, IRewardIndex.DayState state) private view {
        assertEq(uint8(rewardIndex.stateOf(BTC, day)), uint8(state));
    }

    function _proveReverts(
        address caller,
        uint24 day,
        IProvenDays.Totals memory totals,
        bool empty,
        bytes memory reason
    ) private {
        vm.prank(caller);
        vm.expectRevert(reason);
        if (empty) rewardIndex.proveEmpty(BTC, day);
        else rewardIndex.prove(BTC, day, totals);
    }

    function _substituteReverts(uint24 day, bytes memory reason) private {
        vm.expectRevert(reason);
        rewardIndex.substitute(BTC, day);
    }

    function _indexOf(uint256 reward, uint256 work) private pure returns (uint112) {
        return uint112(reward * UNIT_WORK * 1e18 / work);
    }
}
