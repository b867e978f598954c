// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The part of Optimism's L2OutputOracle that changes state for its proposer.
interface IL2OutputOracle {
    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable;
}
