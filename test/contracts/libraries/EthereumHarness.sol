// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CalldataRlp} from "../../../contracts/libraries/CalldataRlp.sol";
import {EthereumTransaction} from "../../../contracts/libraries/EthereumTransaction.sol";

import {TransactionTrie} from "../../../contracts/libraries/TransactionTrie.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";

/// @notice Our readers of calldata, and OpenZeppelin's of memory beside them.
contract EthereumHarness {
    function bytesOf(bytes calldata data) external pure returns (bytes memory) {
        (bool isList, uint256 start, uint256 end) = CalldataRlp.itemAt(data, 0);
        require(!isList && end == data.length, CalldataRlp.RlpMalformed(0));
        return data[start:end];
    }

    function countOf(bytes calldata data) external pure returns (uint256 count) {
        for (uint256 at = CalldataRlp.listStart(data); at < data.length; count++) {
            (,, at) = CalldataRlp.itemAt(data, at);
        }
    }

    function itemAt(bytes calldata data, uint256 at) external pure returns (bool, uint256, uint256) {
        return CalldataRlp.itemAt(data, at);
    }

    function uintOf(bytes calldata data) external pure returns (uint256 value, uint256 next) {
        return CalldataRlp.uintAt(data, 0);
    }

    function wordOf(bytes calldata data) external pure returns (bytes32 value, uint256 next) {
        return CalldataRlp.wordAt(data, 0);
    }

    function addressOf(bytes calldata data) external pure returns (address value, uint256 next) {
        return CalldataRlp.addressAt(data, 0);
    }

    function transactionOf(bytes calldata encoded) external pure returns (address sender, uint256 value) {
        return EthereumTransaction.read(encoded);
    }

    function find(bytes32 root, uint256 index, bytes[] calldata nodes)
        external
        pure
        returns (bool found, bytes memory transaction)
    {
        return TransactionTrie.find(root, index, nodes);
    }

    /* OPENZEPPELIN'S */

    /// @dev Theirs lets bytes hang over.
    function theirBytesOf(bytes calldata data) external pure returns (bytes memory value) {
        value = RLP.decodeBytes(data);
        require(keccak256(RLP.encode(value)) == keccak256(data));
    }

    function theirCountOf(bytes calldata data) external pure returns (uint256) {
        return RLP.decodeList(data).length;
    }

    function theirFind(bytes32 root, bytes calldata key, bytes[] calldata nodes)
        external
        pure
        returns (bytes memory)
    {
        return TrieProof.traverse(root, key, nodes);
    }
}
