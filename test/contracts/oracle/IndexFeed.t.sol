// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIndexFeed} from "../../../contracts/interfaces/IIndexFeed.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {IndexFeed} from "../../../contracts/oracle/IndexFeed.sol";
import {BaseTest} from "../BaseTest.sol";

// constructor
// └── components 0, or above 3 → reverts ComponentsOutOfRange
// latestRoundData, latestAnswer, latestTimestamp, latestRound
// ├── no day at the feed's stage → reverts NoData
// ├── settled → the last day that is final, by its subsidy, its capped fees, or both
// └── provisional → the last day that is attested, or the last settled one where none is later
// getRoundData, getAnswer, getTimestamp
// ├── a day that the feed has reached → its values, and they stay
// └── a day before the first, after the latest, or no day → reverts NoData
// decimals, version, description
contract IndexFeedTest is BaseTest {
    /// @dev 900 BTC of subsidy and 150 of capped fees over 148,000 PH/s, in satoshi times 1e18.
    int256 private constant SUBSIDY = int256(uint256(900e8) * 1e18 / 148_000);
    int256 private constant FEES = int256(uint256(150e8) * 1e18 / 148_000);

    IndexFeed private settled;
    IndexFeed private provisional;

    function setUp() public override {
        super.setUp();
        settled = _feed(BOTH, IIndexFeed.Stage.Settled);
        provisional = _feed(BOTH, IIndexFeed.Stage.Provisional);
    }

    /* CONSTRUCTOR */

    function testFuzz_constructor_revertsIfComponentsOutOfRange(uint8 components) public {
        components = components % 2 == 0 ? 0 : uint8(bound(components, 4, 255));
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.ComponentsOutOfRange.selector, components, BOTH));
        new IndexFeed(address(rewardIndex), BTC, components, IIndexFeed.Stage.Settled);
    }

    function testFuzz_constructor_isForGood(uint8 components, bool isSettled) public {
        components = uint8(bound(components, 1, 3));
        IIndexFeed.Stage stage = isSettled ? IIndexFeed.Stage.Settled : IIndexFeed.Stage.Provisional;
        IndexFeed feed = _feed(components, stage);
        assertEq(feed.rewardIndex(), address(rewardIndex));
        assertEq(feed.network(), BTC);
        assertEq(feed.components(), components);
        assertEq(uint8(feed.stage()), uint8(stage));
        assertEq(feed.decimals(), 18);
        assertEq(feed.version(), 1);
    }

    function test_description_saysUnitAndStage() public {
        assertEq(settled.description(), "BTC total, base units per 1 PH/s and epoch, settled");
        assertEq(
            _feed(1, IIndexFeed.Stage.Settled).description(),
            "BTC subsidy, base units per 1 PH/s and epoch, settled"
        );
        assertEq(
            _feed(2, IIndexFeed.Stage.Provisional).description(),
            "BTC fees, base units per 1 PH/s and epoch, provisional"
        );
    }

    /* LATEST */

    function test_latestRoundData_revertsIfNoDay() public {
        _assertNoData(settled, 0);
        _assertNoData(provisional, 0);
        attestDay(FIRST_EPOCH);
        _assertNoData(settled, 0);
    }

    function testFuzz_latestRoundData_ofEachComponent(uint128 subsidy, uint128 fees, uint128 capped) public {
        subsidy %= 1e20;
        capped %= 1e20;
        fees = capped + fees % 1e20;
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        (report.subsidy, report.fees, report.cappedFees) = (subsidy, fees, capped);
        vm.warp(endOf(FIRST_EPOCH));
        rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
        skip(DISPUTE_SECONDS);

        uint256 first = uint256(subsidy) * 1e18 / 148_000;
        uint256 second = uint256(capped) * 1e18 / 148_000;
        assertEq(_answerOf(1), first);
        assertEq(_answerOf(2), second);
        // Each is rounded down before they are added.
        assertEq(_answerOf(3), first + second);
    }

    function testFuzz_latestRoundData_settledFollowsFinality(uint8 days_, uint256 wait) public {
        days_ = uint8(bound(days_, 1, 9));
        wait = bound(wait, 0, DISPUTE_SECONDS);
        for (uint24 i = 0; i < days_; i++) {
            attestDay(FIRST_EPOCH + i);
        }
        skip(wait);
        uint24 last = FIRST_EPOCH + days_ - 1;
        _assertLatest(provisional, last, endOf(last) + (wait < DISPUTE_SECONDS ? 0 : DISPUTE_SECONDS));
        if (wait < DISPUTE_SECONDS) last--;
        if (last < FIRST_EPOCH) _assertNoData(settled, 0);
        else _assertLatest(settled, last, endOf(last) + DISPUTE_SECONDS);
    }

    /// @dev Substituted days have no attestation at all.
    function test_latestRoundData_showsASubstitutedDay() public {
        attestDay(FIRST_EPOCH);
        vm.warp(endOf(FIRST_EPOCH + 8));
        rewardIndex.substitute(BTC, FIRST_EPOCH + 1);

        _assertLatest(settled, FIRST_EPOCH + 1, block.timestamp);
        _assertLatest(provisional, FIRST_EPOCH + 1, block.timestamp);
    }

    /// @dev Where a proof settles, an attested day has no time of finality.
    function testFuzz_latestRoundData_provisionalNeedsNoTimeOfFinality(uint32 wait) public {
        attestDay(FIRST_EPOCH);
        skip(wait);
        IRewardIndex.Day memory day = rewardIndex.dayOf(BTC, FIRST_EPOCH);
        day.finalAt = 0;
        vm.mockCall(
            address(rewardIndex), abi.encodeCall(rewardIndex.dayOf, (BTC, FIRST_EPOCH)), abi.encode(day)
        );
        vm.mockCall(address(rewardIndex), abi.encodeCall(rewardIndex.lastContiguousDay, (BTC)), abi.encode(0));

        _assertLatest(provisional, FIRST_EPOCH, endOf(FIRST_EPOCH));
        _assertNoData(settled, 0);
    }

    /* ROUNDS */

    function testFuzz_getRoundData_ofADay(uint8 days_, uint8 which) public {
        days_ = uint8(bound(days_, 1, 9));
        for (uint24 i = 0; i < days_; i++) {
            attestDay(FIRST_EPOCH + i);
        }
        skip(DISPUTE_SECONDS);
        uint24 day = FIRST_EPOCH + uint24(bound(which, 0, days_ - 1));

        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
            settled.getRoundData(day);
        assertEq(round, day);
        assertEq(answeredIn, day);
        assertEq(answer, SUBSIDY + FEES);
        assertEq(startedAt, endOf(day) - EPOCH_SECONDS);
        assertEq(updatedAt, endOf(day) + DISPUTE_SECONDS);
        assertEq(settled.getAnswer(day), answer);
        assertEq(settled.getTimestamp(day), updatedAt);
    }

    function testFuzz_getRoundData_revertsIfNoSuchDay(uint80 round) public {
        attestDay(FIRST_EPOCH);
        attestDay(FIRST_EPOCH + 1);
        vm.assume(round != FIRST_EPOCH && round != FIRST_EPOCH + 1);
        _assertNoRound(provisional, round);
        skip(DISPUTE_SECONDS);
        _assertNoRound(settled, round);
    }

    function test_getRoundData_ofSettledHasNoAttestedDay() public {
        attestDay(FIRST_EPOCH);
        skip(DISPUTE_SECONDS);
        attestDay(FIRST_EPOCH + 1);
        _assertNoRound(settled, FIRST_EPOCH + 1);
        assertEq(provisional.getAnswer(FIRST_EPOCH + 1), SUBSIDY + FEES);
    }

    /// @dev Their rounds are words: one beyond uint80 must not be shortened into a day.
    function testFuzz_getAnswer_revertsIfNoSuchDay(uint256 round) public {
        attestDay(FIRST_EPOCH);
        vm.assume(round != FIRST_EPOCH);
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.NoData.selector, round));
        provisional.getAnswer(round);
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.NoData.selector, round));
        provisional.getTimestamp(round);
    }

    function testFuzz_getRoundData_beforeTheClockBegan(uint24 firstEpoch) public {
        firstEpoch = uint24(bound(firstEpoch, FIRST_EPOCH + 1, type(uint24).max));
        attestDay(FIRST_EPOCH);
        vm.mockCall(
            address(rewardIndex),
            abi.encodeCall(rewardIndex.clock, ()),
            abi.encode(IRewardIndex.Clock(firstEpoch, START, EPOCH_SECONDS))
        );
        (,, uint256 startedAt,,) = _feed(BOTH, IIndexFeed.Stage.Provisional).latestRoundData();
        assertEq(startedAt, START);
    }

    /* GAS */

    /// @dev What a consumer pays for the call, everything cold but the feed's address, where the last settled day is the last
    ///      attested one. 11,000 of it are the index's: its address and four slots.
    /// forge-config: default.isolate = true
    function test_latestRoundData_withinBudget() public {
        attestDay(FIRST_EPOCH);
        attestDay(FIRST_EPOCH + 1);
        skip(DISPUTE_SECONDS);
        _measure("latestRoundData, settled", settled);
        _measure("latestRoundData, provisional", provisional);
    }

    /* INTERNALS */

    function _feed(uint8 components, IIndexFeed.Stage stage) private returns (IndexFeed) {
        return new IndexFeed(address(rewardIndex), BTC, components, stage);
    }

    function _answerOf(uint8 components) private returns (uint256) {
        return uint256(_feed(components, IIndexFeed.Stage.Settled).latestAnswer());
    }

    function _measure(string memory what, IndexFeed feed) private {
        (bool ok,) = address(feed).call(abi.encodeCall(feed.latestRoundData, ()));
        assertTrue(ok);
        // 21,000 for the transaction and 64 for four bytes of calldata, beside what the call itself costs.
        uint256 used = vm.lastCallGas().gasTotalUsed - 21_064;
        emit log_named_uint(string.concat("gas | ", what), used);
        assertLe(used, 17_000, what);
    }

    function _assertLatest(IndexFeed feed, uint24 day, uint256 updatedAt) private view {
        (uint80 round, int256 answer, uint256 startedAt, uint256 updated, uint80 answeredIn) =
            feed.latestRoundData();
        assertEq(round, day);
        assertEq(answer, SUBSIDY + FEES);
        assertEq(startedAt, endOf(day) - EPOCH_SECONDS);
        assertEq(updated, updatedAt);
        assertEq(answeredIn, day);
        assertEq(feed.latestRound(), day);
        assertEq(feed.latestAnswer(), answer);
        assertEq(feed.latestTimestamp(), updatedAt);
    }

    function _assertNoData(IndexFeed feed, uint256 round) private {
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.NoData.selector, round));
        feed.latestRoundData();
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.NoData.selector, round));
        feed.latestAnswer();
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.NoData.selector, round));
        feed.latestTimestamp();
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.NoData.selector, round));
        feed.latestRound();
    }

    function _assertNoRound(IndexFeed feed, uint80 round) private {
        vm.expectRevert(abi.encodeWithSelector(IIndexFeed.NoData.selector, round));
        feed.getRoundData(round);
    }
}
