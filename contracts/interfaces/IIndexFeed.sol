// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {
    AggregatorV2V3Interface
} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV2V3Interface.sol";

/// @notice What one unit of a network earned, day by day, as a Chainlink feed. A feed shows one component, or the sum of
///         them, at one stage, both fixed for good.
/// @dev The answer is an index value with 18 decimals: base units of the reward token (satoshi, wei) per unit and epoch. Fees are
///      those that settle, capped. Round = day, and days without a value have no round: `NoData`, never 0.
///      `startedAt` is when the clock entered the day, `answeredInRound` the round.
///
///      `Settled` has the days that can never change again, in order. `Provisional` goes on with the days that are
///      attested only: these may still be voided, or be replaced by a proof, and nothing may settle by them. `updatedAt`
///      is when the day became final, and until then when it was attested.
///
///      No transaction writes to a feed, so `AnswerUpdated` and `NewRound` are never emitted: the index emits the days.
interface IIndexFeed is AggregatorV2V3Interface {
    enum Stage {
        Settled,
        Provisional
    }

    /// @notice A mask of the two components: 1 subsidy, 2 fees, 3 both.
    error ComponentsOutOfRange(uint8 given, uint8 max);
    /// @notice "No data present": the round is no day, or the day has no value at this feed's stage.
    error NoData(uint256 round);

    function rewardIndex() external view returns (address);

    function network() external view returns (uint32);

    /// @notice Bit 0 subsidy, bit 1 fees.
    function components() external view returns (uint8);

    function stage() external view returns (Stage);
}
