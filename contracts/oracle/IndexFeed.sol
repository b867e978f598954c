// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIndexFeed} from "../interfaces/IIndexFeed.sol";
import {IRewardIndex} from "../interfaces/IRewardIndex.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title IndexFeed
contract IndexFeed is IIndexFeed {
    using SafeCast for uint256;

    uint8 private constant SUBSIDY = 1;
    uint8 private constant FEES = 2;

    /// @dev Of an index value.
    uint8 public constant decimals = 18;
    uint256 public constant version = 1;

    address public immutable rewardIndex;
    uint32 public immutable network;
    uint8 public immutable components;
    Stage public immutable stage;

    bytes32 private immutable NAME;
    bytes32 private immutable UNIT;
    uint256 private immutable FIRST_EPOCH;
    uint256 private immutable START;
    uint256 private immutable EPOCH_SECONDS;

    struct Round {
        uint24 day;
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
    }

    constructor(address rewardIndex_, uint32 network_, uint8 components_, Stage stage_) {
        require(
            components_ > 0 && components_ <= SUBSIDY + FEES,
            ComponentsOutOfRange(components_, SUBSIDY + FEES)
        );
        rewardIndex = rewardIndex_;
        network = network_;
        components = components_;
        stage = stage_;

        IRewardIndex index = IRewardIndex(rewardIndex_);
        IRewardIndex.NetworkConfig memory config = index.networkOf(network_);
        NAME = config.name;
        UNIT = config.unit;
        IRewardIndex.Clock memory clock = index.clock();
        FIRST_EPOCH = clock.firstEpoch;
        START = clock.start;
        EPOCH_SECONDS = clock.epochSeconds;
    }

    /* AGGREGATOR V3 */

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        Round memory round = _roundOf(_latestDay());
        return (round.day, round.answer, round.startedAt, round.updatedAt, round.day);
    }

    function getRoundData(uint80 roundId)
        external
        view
        returns (uint80, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        Round memory round = _roundOf(_dayOf(roundId));
        return (round.day, round.answer, round.startedAt, round.updatedAt, round.day);
    }

    /// @notice For people, for example "BTC fees, base units per 1 PH/s and epoch, settled".
    function description() external view returns (string memory) {
        string memory what = components == SUBSIDY ? " subsidy" : components == FEES ? " fees" : " total";
        return string.concat(
            _text(NAME),
            what,
            ", base units per ",
            _text(UNIT),
            " and epoch, ",
            stage == Stage.Settled ? "settled" : "provisional"
        );
    }

    /* AGGREGATOR V2 */

    function latestAnswer() external view returns (int256) {
        return _roundOf(_latestDay()).answer;
    }

    function latestTimestamp() external view returns (uint256) {
        return _roundOf(_latestDay()).updatedAt;
    }

    function latestRound() external view returns (uint256) {
        return _roundOf(_latestDay()).day;
    }

    function getAnswer(uint256 roundId) external view returns (int256) {
        return _roundOf(_dayOf(roundId)).answer;
    }

    function getTimestamp(uint256 roundId) external view returns (uint256) {
        return _roundOf(_dayOf(roundId)).updatedAt;
    }

    /* INTERNALS */

    function _latestDay() private view returns (uint24) {
        IRewardIndex index = IRewardIndex(rewardIndex);
        return stage == Stage.Settled ? index.lastContiguousDay(network) : index.newestDay(network);
    }

    /// @dev Days settle in order: what is not past the last settled one has settled.
    function _dayOf(uint256 roundId) private view returns (uint24 day) {
        require(roundId <= _latestDay(), NoData(roundId));
        return roundId.toUint24();
    }

    function _roundOf(uint24 day) private view returns (Round memory round) {
        IRewardIndex.Day memory stored = IRewardIndex(rewardIndex).dayOf(network, day);
        // A proof or a substitution may have replaced what was attested, so a final day counts from its finality.
        bool isFinal = stored.finalAt != 0 && stored.finalAt <= _now();
        round.updatedAt = isFinal ? stored.finalAt : stored.attestedAt;
        require(round.updatedAt != 0, NoData(day));
        uint256 value = 0;
        if (components & SUBSIDY != 0) value += stored.subsidyIndex;
        if (components & FEES != 0) value += stored.cappedFeesIndex;

        round.day = day;
        round.answer = value.toInt256();
        round.startedAt = _startOf(day);
    }

    /// @dev Before the clock began it showed its first epoch, so an earlier day has no start but the clock's own.
    function _startOf(uint256 day) private view returns (uint256) {
        return day <= FIRST_EPOCH ? START : START + (day - FIRST_EPOCH) * EPOCH_SECONDS;
    }

    function _now() private view returns (uint256) {
        return block.timestamp;
    }

    function _text(bytes32 padded) private pure returns (string memory) {
        uint256 length = 0;
        while (length < 32 && padded[length] != 0) length++;
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            text[i] = padded[i];
        }
        return string(text);
    }
}
