// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CalldataRlp} from "./CalldataRlp.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

/// @notice Looks transactions up in the Merkle-Patricia trie of their block, whose keys are RLP(index).
/// @dev Not OpenZeppelin's TrieProof, nor Optimism's MerkleTrie, because they prove only what is there. A transaction is
///      the last one when the next index is absent; without that any earlier transfer of the builder would pass for its
///      payment.
///
///      A transaction is longer than 31 bytes, so no node of this trie is small enough to lie within its parent, and no
///      key is the beginning of another, so no branch carries a value.
library TransactionTrie {
    using CalldataRlp for bytes;

    /// @notice None of the nodes from `position` on has this hash.
    error TrieNodeMissing(uint256 position, bytes32 hash);
    /// @notice Neither a branch, an extension nor a leaf.
    error TrieNodeMalformed(uint256 position);
    error TransactionMissing(uint256 index);
    error NotTheLastTransaction(uint256 index);

    uint256 private constant BRANCH_ITEMS = 17;

    /// @dev A key and how much of it the walk has used, in nibbles.
    struct Key {
        uint256 digits;
        uint256 length;
        uint256 used;
    }

    /// @notice The transaction at `index`, which is the block's last one.
    /// @param nodes From the root down to the transaction. They show the absence of the next index too, but for index
    ///        127, after which the node of index 0 has to follow.
    function last(bytes32 root, uint256 index, bytes[] calldata nodes)
        internal
        pure
        returns (bytes calldata transaction)
    {
        bool found;
        (found, transaction) = find(root, index, nodes);
        require(found, TransactionMissing(index));
        (bool next,) = find(root, index + 1, nodes);
        require(!next, NotTheLastTransaction(index));
    }

    /// @notice The transaction at `index`, or the proof that there is none.
    /// @param nodes Those on the way in order; others may stand between.
    function find(bytes32 root, uint256 index, bytes[] calldata nodes)
        internal
        pure
        returns (bool found, bytes calldata transaction)
    {
        transaction = msg.data[0:0];
        Key memory key = _keyOf(index);
        bytes32 hash = root;
        uint256 position = 0;
        while (true) {
            position = _positionOf(hash, nodes, position);
            bytes calldata node = nodes[position];
            uint256 first = node.listStart();
            uint256 second = node.skip(first, 1);
            if (_endsAt(node, second)) {
                (bool leads, bool isLeaf) = _followPath(_payloadAt(node, first, position), key, position);
                if (!leads) return (false, transaction);
                if (isLeaf) return (true, _payloadAt(node, second, position));
                (hash,) = node.wordAt(second);
            } else {
                uint256 child = _childAt(node, _nextNibble(key, position), position);
                if (_isEmptyAt(node, child)) return (false, transaction);
                (hash,) = node.wordAt(child);
            }
            position++;
        }
    }

    function _positionOf(bytes32 hash, bytes[] calldata nodes, uint256 from) private pure returns (uint256) {
        for (uint256 i = from; i < nodes.length; i++) {
            if (keccak256(nodes[i]) == hash) return i;
        }
        revert TrieNodeMissing(from, hash);
    }

    /// @dev A leaf or an extension has two items.
    function _endsAt(bytes calldata node, uint256 at) private pure returns (bool) {
        (,, uint256 end) = node.itemAt(at);
        return end == node.length;
    }

    /// @dev A branch has seventeen items: a child for each nibble, and a value.
    function _childAt(bytes calldata node, uint256 nibble, uint256 position)
        private
        pure
        returns (uint256 child)
    {
        child = node.skip(node.listStart(), nibble);
        uint256 end = node.skip(child, BRANCH_ITEMS - nibble);
        require(end == node.length, TrieNodeMalformed(position));
    }

    function _isEmptyAt(bytes calldata node, uint256 at) private pure returns (bool) {
        (bool isList, uint256 start, uint256 end) = node.itemAt(at);
        return !isList && start == end;
    }

    /// @dev The first nibble of a path says what the node is: bit 1 a leaf, bit 0 an odd count of nibbles.
    /// @return leads Whether the path goes where the key does; uses up the key that far.
    function _followPath(bytes calldata path, Key memory key, uint256 position)
        private
        pure
        returns (bool leads, bool isLeaf)
    {
        require(path.length > 0, TrieNodeMalformed(position));
        uint256 flags = uint8(path[0]) >> 4;
        require(flags < 4, TrieNodeMalformed(position));
        isLeaf = flags & 2 != 0;

        for (uint256 i = flags & 1 == 1 ? 1 : 2; i < 2 * path.length; i++) {
            uint256 nibble = (uint8(path[i / 2]) >> (i % 2 == 0 ? 4 : 0)) & 15;
            if (key.used == key.length || nibble != _nextNibble(key, position)) return (false, isLeaf);
        }
        leads = !isLeaf || key.used == key.length;
    }

    function _payloadAt(bytes calldata node, uint256 at, uint256 position)
        private
        pure
        returns (bytes calldata)
    {
        (bool isList, uint256 start, uint256 end) = node.itemAt(at);
        require(!isList, TrieNodeMalformed(position));
        return node[start:end];
    }

    /// @dev No key ends at a branch, because none is the beginning of another.
    function _nextNibble(Key memory key, uint256 position) private pure returns (uint256 nibble) {
        require(key.used < key.length, TrieNodeMalformed(position));
        key.used++;
        nibble = (key.digits >> (4 * (key.length - key.used))) & 15;
    }

    function _keyOf(uint256 index) private pure returns (Key memory) {
        bytes memory encoded = RLP.encode(index);
        return Key({
            // Safe because an index has far fewer than 32 bytes.
            // forge-lint: disable-next-line(unsafe-typecast)
            digits: uint256(bytes32(encoded)) >> (8 * (32 - encoded.length)),
            length: 2 * encoded.length,
            used: 0
        });
    }
}
