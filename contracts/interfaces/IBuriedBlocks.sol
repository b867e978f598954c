// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What the prover of a network can say of blocks that did not stay on the best chain.
interface IBuriedBlocks {
    /// @notice Whether `headers` show a chain that closed `day` with `blockHash` and buried it: an honest node may have
    ///         signed it.
    /// @dev True only when all of this holds: the headers have full proof of work at the difficulty of their place, one
    ///      follows the other, and the first follows a block that the prover knows; the block of this hash is one of them or
    ///      that first one's parent; it belongs to `day` and the block after it to a later day; and it and those above it are at
    ///      least 7. False for a block of another day, and for one that is not the last of its day: a node that is behind has no
    ///      defence.
    /// @param blockHash In printed order, as in a report.
    /// @param headers In the prover's own form.
    function isBuried(bytes32 blockHash, bytes calldata headers, uint24 day) external view returns (bool);
}
