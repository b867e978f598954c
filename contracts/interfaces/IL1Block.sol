// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What Hashsand reads of the L1Block predeploy: the L1 block that the L2 builds on, set by the protocol.
interface IL1Block {
    function number() external view returns (uint64);

    function hash() external view returns (bytes32);
}
