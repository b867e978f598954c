// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {
    AggregatorV3Interface
} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice What a reader accepts of a price feed. Prices have 18 decimals whatever the feed has.
/// @param minPrice Inclusive; a price of 0 is refused even so.
/// @param maxPrice Inclusive.
/// @param heartbeatSeconds How often the feed promises to answer.
/// @param graceSeconds How much later an answer may be.
struct PriceLimits {
    uint128 minPrice;
    uint128 maxPrice;
    uint32 heartbeatSeconds;
    uint32 graceSeconds;
}

/// @notice Reads Chainlink feeds and believes nothing: each read ends in a price within its limits or in a typed error.
library PriceGuard {
    /// @notice The feed has no code, reverts, or returns something else than its interface says.
    error FeedBroken(address feed);
    error PriceOutOfBounds(address feed, int256 answer, uint256 decimals, uint128 min, uint128 max);
    /// @notice Wait for the feed's next answer.
    error PriceStale(address feed, uint256 ageSeconds, uint256 maxSeconds);
    error AnswerFromTheFuture(address feed, uint256 time, uint256 present);
    error TooManyDecimals(address feed, uint256 given, uint256 max);
    error SequencerDown(address feed, uint256 since);
    /// @notice Wait until the sequencer has been up for long enough for others to have acted.
    error SequencerUpTooShort(address feed, uint256 upSeconds, uint256 required);
    /// @notice The first round of a feed, or of a phase of it, cannot be compared with one before.
    error NoPreviousRound(address feed, uint80 round);
    error DeviationTooLarge(address feed, uint256 price, uint256 previous, uint256 maxBps);

    uint256 internal constant SEQUENCER_GRACE_SECONDS = 3600;

    uint256 private constant PRICE_DECIMALS = 18;
    /// @dev Ten to this power, and to what it exceeds `PRICE_DECIMALS` by, fits into a word.
    uint256 private constant MAX_DECIMALS = 36;
    uint256 private constant BPS = 10_000;
    uint256 private constant ROUND_WORDS = 5;

    /// @dev `answeredInRound` is left out: it is deprecated, and `updatedAt` says what it did.
    struct Round {
        uint80 id;
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
    }

    /// @notice The feed's latest price, 18 decimals, rounded down.
    function read(AggregatorV3Interface feed, PriceLimits memory limits)
        internal
        view
        returns (uint256 price, uint256 updatedAt)
    {
        Round memory round = _latestRound(feed);
        return (_checkedPrice(feed, round, limits), round.updatedAt);
    }

    /// @notice The same, and no more than `maxBps` of the previous round's price away from it.
    /// @dev The previous round is held to the bounds too, but not to the heartbeat.
    function readSteady(AggregatorV3Interface feed, PriceLimits memory limits, uint256 maxBps)
        internal
        view
        returns (uint256 price, uint256 updatedAt)
    {
        Round memory round = _latestRound(feed);
        price = _checkedPrice(feed, round, limits);
        Round memory before = _previousRound(feed, round);
        uint256 previous = _boundedPrice(feed, before.answer, limits);
        uint256 change = price > previous ? price - previous : previous - price;
        // The factors fit: both prices are below 2^128.
        require(
            change * BPS <= previous * Math.min(maxBps, type(uint128).max),
            DeviationTooLarge(address(feed), price, previous, maxBps)
        );
        return (price, round.updatedAt);
    }

    /// @notice Reverts while the L2's sequencer is down, and for an hour after.
    /// @param uptimeFeed Chainlink's: 0 is up, 1 is down, `startedAt` since when.
    function requireSequencerUp(AggregatorV3Interface uptimeFeed) internal view {
        Round memory round = _latestRound(uptimeFeed);
        address feed = address(uptimeFeed);
        // A feed that was never written to answers 0, which would be "up".
        require(round.startedAt != 0 && (round.answer == 0 || round.answer == 1), FeedBroken(feed));
        uint256 present = block.timestamp;
        require(round.startedAt <= present, AnswerFromTheFuture(feed, round.startedAt, present));
        require(round.answer == 0, SequencerDown(feed, round.startedAt));
        uint256 upSeconds = present - round.startedAt;
        require(
            upSeconds >= SEQUENCER_GRACE_SECONDS,
            SequencerUpTooShort(feed, upSeconds, SEQUENCER_GRACE_SECONDS)
        );
    }

    function _latestRound(AggregatorV3Interface feed) private view returns (Round memory round) {
        bool ok;
        (ok, round) = _roundFrom(feed, abi.encodeCall(feed.latestRoundData, ()));
        require(ok, FeedBroken(address(feed)));
    }

    /// @dev Behind a proxy the upper bits of an id are the phase, and rounds count from 1 within it.
    function _previousRound(AggregatorV3Interface feed, Round memory round)
        private
        view
        returns (Round memory previous)
    {
        // Safe because the lower bits are what is wanted.
        // forge-lint: disable-next-line(unsafe-typecast)
        require(uint64(round.id) > 1, NoPreviousRound(address(feed), round.id));
        uint80 id = round.id - 1;
        bool ok;
        (ok, previous) = _roundFrom(feed, abi.encodeCall(feed.getRoundData, (id)));
        require(ok && previous.id == id && previous.updatedAt != 0, NoPreviousRound(address(feed), round.id));
    }

    function _checkedPrice(AggregatorV3Interface feed, Round memory round, PriceLimits memory limits)
        private
        view
        returns (uint256 price)
    {
        price = _boundedPrice(feed, round.answer, limits);
        uint256 present = block.timestamp;
        require(round.updatedAt <= present, AnswerFromTheFuture(address(feed), round.updatedAt, present));
        uint256 age = present - round.updatedAt;
        uint256 maxAge = uint256(limits.heartbeatSeconds) + limits.graceSeconds;
        require(age <= maxAge, PriceStale(address(feed), age, maxAge));
    }

    function _boundedPrice(AggregatorV3Interface feed, int256 answer, PriceLimits memory limits)
        private
        view
        returns (uint256 price)
    {
        uint256 decimals = _decimalsOf(feed);
        // Safe because it is positive.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (answer > 0) price = _scaled(uint256(answer), decimals);
        require(
            price > 0 && price >= limits.minPrice && price <= limits.maxPrice,
            PriceOutOfBounds(address(feed), answer, decimals, limits.minPrice, limits.maxPrice)
        );
    }

    /// @dev What does not fit is above every bound.
    function _scaled(uint256 answer, uint256 decimals) private pure returns (uint256) {
        if (decimals >= PRICE_DECIMALS) return answer / 10 ** (decimals - PRICE_DECIMALS);
        return Math.saturatingMul(answer, 10 ** (PRICE_DECIMALS - decimals));
    }

    function _decimalsOf(AggregatorV3Interface feed) private view returns (uint256 decimals) {
        (bool ok, uint256[ROUND_WORDS] memory words) = _ask(feed, abi.encodeCall(feed.decimals, ()), 1);
        require(ok, FeedBroken(address(feed)));
        decimals = words[0];
        require(decimals <= MAX_DECIMALS, TooManyDecimals(address(feed), decimals, MAX_DECIMALS));
    }

    function _roundFrom(AggregatorV3Interface feed, bytes memory question)
        private
        view
        returns (bool ok, Round memory round)
    {
        uint256[ROUND_WORDS] memory words;
        (ok, words) = _ask(feed, question, ROUND_WORDS);
        if (!ok || words[0] > type(uint80).max) return (false, round);
        // Safe because of the line above; an int256 is any word.
        // forge-lint: disable-next-line(unsafe-typecast)
        round = Round(uint80(words[0]), int256(words[1]), words[2], words[3]);
    }

    /// @dev Assembly, because Solidity would copy all that is returned, megabytes too, and would revert without a type
    ///      where it is garbage.
    function _ask(AggregatorV3Interface feed, bytes memory question, uint256 wantedWords)
        private
        view
        returns (bool ok, uint256[ROUND_WORDS] memory words)
    {
        assembly ("memory-safe") {
            // At most `ROUND_WORDS` are wanted, which is what `words` has room for.
            let size := mul(wantedWords, 32)
            ok := staticcall(gas(), feed, add(question, 32), mload(question), words, size)
            ok := and(ok, iszero(lt(returndatasize(), size)))
        }
    }
}
