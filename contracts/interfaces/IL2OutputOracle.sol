// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The part of Optimism's L2OutputOracle that its proposer uses.
interface IL2OutputOracle {
    struct OutputProposal {
        bytes32 outputRoot;
        uint128 timestamp;
        uint128 l2BlockNumber;
    }

    /// @notice Takes a root for exactly `nextBlockNumber()`, from its proposer, once that block is due.
    /// @param l1BlockHash When not 0, the hash that L1 block `l1BlockNumber` must have.
    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable;

    /// @notice L2 block of the newest output, or the first block of the schedule while there is none.
    function latestBlockNumber() external view returns (uint256);

    /// @notice The first output at or above `l2BlockNumber`. Reverts when there is none.
    function getL2OutputAfter(uint256 l2BlockNumber) external view returns (OutputProposal memory);

    /// @notice When `l2BlockNumber` is due, by the schedule.
    function computeL2Timestamp(uint256 l2BlockNumber) external view returns (uint256);

    /// @notice Age from which an output can no longer be deleted.
    function finalizationPeriodSeconds() external view returns (uint256);

    /// @notice Who may delete outputs that are younger.
    function challenger() external view returns (address);
}
