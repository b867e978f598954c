// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {PriceGuard, PriceLimits} from "../../../contracts/libraries/PriceGuard.sol";
import {HostileFeed} from "../mocks/HostileFeed.sol";
import {
    AggregatorV3Interface
} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {MockV3Aggregator} from "@chainlink/contracts/src/v0.8/tests/MockV3Aggregator.sol";
import {Test} from "forge-std/Test.sol";

/// @notice The library as calls.
contract PriceReader {
    function read(address feed, PriceLimits memory limits) external view returns (uint256, uint256) {
        return PriceGuard.read(AggregatorV3Interface(feed), limits);
    }

    function readSteady(address feed, PriceLimits memory limits, uint256 maxBps)
        external
        view
        returns (uint256, uint256)
    {
        return PriceGuard.readSteady(AggregatorV3Interface(feed), limits, maxBps);
    }

    function requireSequencerUp(address feed) external view {
        PriceGuard.requireSequencerUp(AggregatorV3Interface(feed));
    }
}

// read
// ├── the answer is within bounds and young enough → the price with 18 decimals, rounded down
// ├── the answer is 0, negative, or outside of the bounds → reverts PriceOutOfBounds
// ├── older than heartbeat and grace → reverts PriceStale
// ├── from the future → reverts AnswerFromTheFuture
// ├── more than 36 decimals → reverts TooManyDecimals
// └── the feed has no code, reverts, says too little, or a round that is none → reverts FeedBroken
// readSteady
// ├── no further from the previous round than allowed → the price
// ├── further → reverts DeviationTooLarge
// └── the first round of a phase, or the previous one unknown → reverts NoPreviousRound
// requireSequencerUp
// ├── up for an hour → passes
// ├── up for less → reverts SequencerUpTooShort
// ├── down → reverts SequencerDown
// ├── since a time to come → reverts AnswerFromTheFuture
// └── never written to, or neither up nor down → reverts FeedBroken
contract PriceGuardTest is Test {
    uint256 private constant NOW = 1_800_000_000;
    bytes4 private constant LATEST = AggregatorV3Interface.latestRoundData.selector;
    bytes4 private constant ROUND = AggregatorV3Interface.getRoundData.selector;
    bytes4 private constant DECIMALS = AggregatorV3Interface.decimals.selector;

    PriceReader private reader;
    HostileFeed private hostile;
    PriceLimits private limits = PriceLimits(1e18, 1_000_000e18, 3600, 1800);

    function setUp() public {
        vm.warp(NOW);
        reader = new PriceReader();
        hostile = new HostileFeed();
        hostile.set(DECIMALS, false, abi.encode(8));
    }

    /* READ */

    function testFuzz_read_normalisesDecimals(uint256 answer, uint8 decimals) public {
        decimals = uint8(bound(decimals, 0, 36));
        uint256 one = 10 ** decimals;
        answer = bound(answer, one, 1_000_000 * one);
        MockV3Aggregator feed = new MockV3Aggregator(decimals, int256(answer));

        (uint256 price, uint256 updatedAt) = reader.read(address(feed), limits);
        uint256 expected = decimals <= 18 ? answer * 10 ** (18 - decimals) : answer / 10 ** (decimals - 18);
        assertEq(price, expected);
        assertEq(updatedAt, NOW);
    }

    function testFuzz_read_revertsIfOutOfBounds(int256 answer, uint8 decimals) public {
        decimals = uint8(bound(decimals, 0, 36));
        int256 one = int256(10 ** uint256(decimals));
        vm.assume(answer < one || answer > 1_000_000 * one);
        // With more decimals than 18 a price may be too high by less than is seen.
        if (decimals > 18) vm.assume(answer < one || answer / one > 1_000_000);
        MockV3Aggregator feed = new MockV3Aggregator(decimals, answer);

        vm.expectRevert(
            abi.encodeWithSelector(
                PriceGuard.PriceOutOfBounds.selector, feed, answer, decimals, limits.minPrice, limits.maxPrice
            )
        );
        reader.read(address(feed), limits);
    }

    /// @dev Whatever the bounds say, and if what is there is rounded away.
    function testFuzz_read_revertsIfPriceIsZero(int256 answer, uint8 decimals) public {
        limits.minPrice = 0;
        decimals = uint8(bound(decimals, 19, 36));
        answer = bound(answer, type(int256).min, int256(10 ** uint256(decimals - 18)) - 1);
        MockV3Aggregator feed = new MockV3Aggregator(decimals, answer);

        vm.expectPartialRevert(PriceGuard.PriceOutOfBounds.selector);
        reader.read(address(feed), limits);
    }

    function testFuzz_read_holdsToTheHeartbeat(uint256 updatedAt, uint32 heartbeat, uint32 grace) public {
        updatedAt = bound(updatedAt, 0, NOW);
        (limits.heartbeatSeconds, limits.graceSeconds) = (heartbeat, grace);
        MockV3Aggregator feed = new MockV3Aggregator(8, 100e8);
        feed.updateRoundData(2, 100e8, updatedAt, updatedAt);

        uint256 maxAge = uint256(heartbeat) + grace;
        if (NOW - updatedAt > maxAge) {
            vm.expectRevert(
                abi.encodeWithSelector(PriceGuard.PriceStale.selector, feed, NOW - updatedAt, maxAge)
            );
        }
        reader.read(address(feed), limits);
    }

    function testFuzz_read_revertsIfFromTheFuture(uint256 updatedAt) public {
        updatedAt = bound(updatedAt, NOW + 1, type(uint256).max);
        MockV3Aggregator feed = new MockV3Aggregator(8, 100e8);
        feed.updateRoundData(2, 100e8, updatedAt, updatedAt);

        vm.expectRevert(abi.encodeWithSelector(PriceGuard.AnswerFromTheFuture.selector, feed, updatedAt, NOW));
        reader.read(address(feed), limits);
    }

    function testFuzz_read_revertsIfTooManyDecimals(uint256 decimals) public {
        decimals = bound(decimals, 37, type(uint256).max);
        _answer(1, 100e8, NOW);
        hostile.set(DECIMALS, false, abi.encode(decimals));

        vm.expectRevert(abi.encodeWithSelector(PriceGuard.TooManyDecimals.selector, hostile, decimals, 36));
        reader.read(address(hostile), limits);
    }

    /* HOSTILE */

    /// @dev Nothing that a feed says ends in anything but a price within the bounds or one of our errors.
    /// forge-config: default.fuzz.runs = 4000
    function testFuzz_read_anythingAtAll(
        bytes calldata latest,
        bytes calldata previous,
        bytes calldata decimals,
        uint8 failing,
        uint256 maxBps
    ) public {
        hostile.set(LATEST, failing % 8 == 1, latest);
        hostile.set(ROUND, failing % 8 == 2, previous);
        hostile.set(DECIMALS, failing % 8 == 3, decimals);
        _assertPriceOrTypedError(abi.encodeCall(reader.read, (address(hostile), limits)));
        _assertPriceOrTypedError(abi.encodeCall(reader.readSteady, (address(hostile), limits, maxBps)));
    }

    /// @dev The same with words, so that more gets past the first check.
    /// forge-config: default.fuzz.runs = 4000
    function testFuzz_read_anyWords(
        uint256[5] calldata latest,
        uint256[5] calldata previous,
        uint256 decimals,
        uint256 small,
        uint256 maxBps
    ) public {
        uint256[5] memory round = latest;
        if (small % 2 == 0) round[0] %= 1 << 80;
        if (small % 3 == 0) round[3] = NOW - small % 6000;
        if (small % 5 == 0) round[1] %= 1e30;
        uint256[5] memory before = previous;
        if (small % 7 != 0) before[0] = round[0] - (round[0] == 0 ? 0 : 1);
        if (small % 11 != 0) before[1] = round[1];
        hostile.set(LATEST, false, abi.encode(round));
        hostile.set(ROUND, false, abi.encode(before));
        hostile.set(DECIMALS, false, abi.encode(small % 13 == 0 ? decimals : decimals % 37));
        _assertPriceOrTypedError(abi.encodeCall(reader.read, (address(hostile), limits)));
        _assertPriceOrTypedError(abi.encodeCall(reader.readSteady, (address(hostile), limits, maxBps)));
    }

    function testFuzz_read_revertsIfNoCode(address feed) public {
        vm.assume(feed.code.length == 0 && uint160(feed) > 0xff);
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.FeedBroken.selector, feed));
        reader.read(feed, limits);
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.FeedBroken.selector, feed));
        reader.requireSequencerUp(feed);
    }

    function testFuzz_read_revertsIfItReverts(bytes calldata reason, bool atDecimals) public {
        _answer(1, 100e8, NOW);
        hostile.set(atDecimals ? DECIMALS : LATEST, true, reason);
        _expectBroken();
        reader.read(address(hostile), limits);
    }

    function testFuzz_read_revertsIfItSaysTooLittle(uint8 length, bool atDecimals) public {
        _answer(1, 100e8, NOW);
        length = uint8(bound(length, 0, atDecimals ? 31 : 159));
        bytes memory short = new bytes(length);
        hostile.set(atDecimals ? DECIMALS : LATEST, false, short);
        _expectBroken();
        reader.read(address(hostile), limits);
    }

    function testFuzz_read_revertsIfRoundIsNone(uint256 id) public {
        id = bound(id, uint256(type(uint80).max) + 1, type(uint256).max);
        hostile.set(LATEST, false, abi.encode(id, 100e8, NOW, NOW, id));
        _expectBroken();
        reader.read(address(hostile), limits);
    }

    /// @dev A megabyte costs the reader what the feed spends, and no copy of it.
    function test_read_copiesNoMoreThanItNeeds() public {
        bytes memory round = abi.encode(1, 100e8, NOW, NOW, 1);
        hostile.set(LATEST, false, round);
        uint256 plain = _gasOfRead();
        vm.mockCall(address(hostile), abi.encodePacked(LATEST), bytes.concat(round, new bytes(1 << 20)));
        assertLt(_gasOfRead(), plain + 10_000);
    }

    /* STEADY */

    function testFuzz_readSteady_holdsToThePreviousRound(uint256 price, uint256 previous, uint16 maxBps)
        public
    {
        price = bound(price, 1e8, 1_000_000e8);
        previous = bound(previous, 1e8, 1_000_000e8);
        MockV3Aggregator feed = new MockV3Aggregator(8, int256(previous));
        feed.updateAnswer(int256(price));

        uint256 change = price > previous ? price - previous : previous - price;
        // 4 decimals of the ratio, compared without rounding.
        if (change * 10_000 > previous * maxBps) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    PriceGuard.DeviationTooLarge.selector, feed, price * 1e10, previous * 1e10, maxBps
                )
            );
        }
        reader.readSteady(address(feed), limits, maxBps);
    }

    function testFuzz_readSteady_returnsThePrice(uint256 price) public {
        price = bound(price, 1e8, 1_000_000e8);
        MockV3Aggregator feed = new MockV3Aggregator(8, int256(price));
        feed.updateAnswer(int256(price));
        (uint256 read, uint256 updatedAt) = reader.readSteady(address(feed), limits, 0);
        assertEq(read, price * 1e10);
        assertEq(updatedAt, NOW);
    }

    function testFuzz_readSteady_revertsIfFirstOfItsPhase(uint16 phase, bool zero) public {
        uint80 round = uint80(phase) << 64 | (zero ? 0 : 1);
        _answer(round, 100e8, NOW);
        hostile.set(ROUND, false, abi.encode(round - (round == 0 ? 0 : 1), 100e8, NOW, NOW, 0));
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.NoPreviousRound.selector, hostile, round));
        reader.readSteady(address(hostile), limits, 10_000);
    }

    function testFuzz_readSteady_revertsIfPreviousUnknown(uint80 other, uint8 how) public {
        _answer(7, 100e8, NOW);
        vm.assume(other != 6);
        if (how % 3 == 0) hostile.set(ROUND, true, "");
        if (how % 3 == 1) hostile.set(ROUND, false, abi.encode(other, 100e8, NOW, NOW, 0));
        if (how % 3 == 2) hostile.set(ROUND, false, abi.encode(6, 100e8, NOW, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.NoPreviousRound.selector, hostile, 7));
        reader.readSteady(address(hostile), limits, 10_000);
    }

    function test_readSteady_revertsIfStale() public {
        _answer(7, 100e8, NOW - 5401);
        hostile.set(ROUND, false, abi.encode(6, 100e8, NOW, NOW, 6));
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.PriceStale.selector, hostile, 5401, 5400));
        reader.readSteady(address(hostile), limits, 10_000);
    }

    /* SEQUENCER */

    function testFuzz_requireSequencerUp_afterAnHour(uint256 since) public {
        since = bound(since, 1, NOW);
        _status(0, since);
        if (NOW - since < 3600) {
            vm.expectRevert(
                abi.encodeWithSelector(PriceGuard.SequencerUpTooShort.selector, hostile, NOW - since, 3600)
            );
        }
        reader.requireSequencerUp(address(hostile));
    }

    function testFuzz_requireSequencerUp_revertsIfDown(uint256 since) public {
        since = bound(since, 1, NOW);
        _status(1, since);
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.SequencerDown.selector, hostile, since));
        reader.requireSequencerUp(address(hostile));
    }

    function testFuzz_requireSequencerUp_revertsIfFromTheFuture(uint256 since, uint256 status) public {
        since = bound(since, NOW + 1, type(uint256).max);
        _status(status % 2, since);
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.AnswerFromTheFuture.selector, hostile, since, NOW));
        reader.requireSequencerUp(address(hostile));
    }

    function testFuzz_requireSequencerUp_revertsIfNeverWrittenTo(uint256 status) public {
        _status(status, 0);
        _expectBroken();
        reader.requireSequencerUp(address(hostile));
    }

    function testFuzz_requireSequencerUp_revertsIfNeitherUpNorDown(uint256 status) public {
        vm.assume(status > 1);
        _status(status, 1);
        _expectBroken();
        reader.requireSequencerUp(address(hostile));
    }

    /* INTERNALS */

    function _answer(uint80 round, uint256 answer, uint256 updatedAt) private {
        hostile.set(LATEST, false, abi.encode(round, answer, updatedAt, updatedAt, round));
    }

    function _status(uint256 status, uint256 since) private {
        hostile.set(LATEST, false, abi.encode(1, status, since, since, 1));
    }

    function _expectBroken() private {
        vm.expectRevert(abi.encodeWithSelector(PriceGuard.FeedBroken.selector, hostile));
    }

    function _gasOfRead() private view returns (uint256 used) {
        used = gasleft();
        reader.read(address(hostile), limits);
        used -= gasleft();
    }

    function _assertPriceOrTypedError(bytes memory question) private view {
        (bool ok, bytes memory answer) = address(reader).staticcall(question);
        if (ok) {
            (uint256 price, uint256 updatedAt) = abi.decode(answer, (uint256, uint256));
            assertGe(price, limits.minPrice);
            assertLe(price, limits.maxPrice);
            assertLe(updatedAt, NOW);
            assertGe(updatedAt, NOW - 5400);
            return;
        }
        bytes4 reason = bytes4(answer);
        assertTrue(
            reason == PriceGuard.FeedBroken.selector || reason == PriceGuard.PriceOutOfBounds.selector
                || reason == PriceGuard.PriceStale.selector
                || reason == PriceGuard.AnswerFromTheFuture.selector
                || reason == PriceGuard.TooManyDecimals.selector
                || reason == PriceGuard.NoPreviousRound.selector
                || reason == PriceGuard.DeviationTooLarge.selector
        );
    }
}
