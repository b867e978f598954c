// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What the ledger needs to know of a source of rewards. Anybody may write one; an index trusts the one it
///         was registered with and no other.
interface IRewardSource {
    /// @notice The day has no value that can settle anything yet.
    error DayNotFinal(uint32 network, uint24 day);

    /// @notice Which epoch it is now by the clock, whatever is known of it.
    function currentEpoch() external view returns (uint24);

    /// @notice The last day that is final, with every day before it; 0 when there is none.
    function lastContiguousDay(uint32 network) external view returns (uint24);

    /// @notice What one unit earned on `day`, per component, in base units of the reward token times 1e18.
    /// @dev Reverts with `DayNotFinal` until the value can never change again.
    function settledReward(uint32 network, uint24 day) external view returns (uint256[] memory rewards);
}
