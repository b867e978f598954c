// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A list by one hash: `keccak256(count ‖ top)`, where top is the Merkle root of the leaves in order. A node is
///         the hash of its two children; of an odd level the last one moves up as it is.
/// @dev Leaves have to be hashes of something that is not 64 bytes long: then none passes for a node. The count fixes the
///      tree's shape, so a position proves which neighbours a leaf has and whether it is the first or the last.
library MerkleList {
    error PositionOutOfRange(uint256 given, uint256 count);
    error BranchTooShort(uint256 given);
    error BranchTooLong(uint256 given, uint256 needed);

    /// @notice The list's hash, by a leaf of it.
    /// @param branch The siblings from the leaf up, without levels that have none.
    function rootOf(bytes32 leaf, uint256 position, uint256 count, bytes32[] calldata branch)
        internal
        pure
        returns (bytes32)
    {
        require(position < count, PositionOutOfRange(position, count));
        bytes32 node = leaf;
        uint256 used = 0;
        uint256 at = position;
        for (uint256 width = count; width > 1; width = (width + 1) / 2) {
            // Without the sibling to its right the last one of an odd level moves up.
            if (at % 2 == 1 || at + 1 < width) {
                require(used < branch.length, BranchTooShort(branch.length));
                bytes32 sibling = branch[used++];
                node = at % 2 == 1 ? _hash(sibling, node) : _hash(node, sibling);
            }
            at /= 2;
        }
        require(used == branch.length, BranchTooLong(branch.length, used));
        return _hash(bytes32(count), node);
    }

    function _hash(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encode(left, right));
    }
}
