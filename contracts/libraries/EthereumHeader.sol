// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CalldataRlp} from "./CalldataRlp.sol";

/// @notice What a block's header says of its fees. Later forks append fields, which are passed over.
/// @param baseFee Wei per gas, burned.
struct Header {
    uint256 number;
    bytes32 hash;
    bytes32 parentHash;
    bytes32 transactionsRoot;
    address feeRecipient;
    uint256 timestamp;
    uint256 gasUsed;
    uint256 baseFee;
}

library EthereumHeader {
    using CalldataRlp for bytes;

    /// @notice Of a block without transactions: the root of the empty trie, keccak256(0x80).
    bytes32 internal constant NO_TRANSACTIONS =
        0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;

    /// @dev Fields in order: parent, ommers, fee recipient, state, transactions, receipts, bloom, difficulty, number,
    ///      gas limit, gas used, timestamp, extra data, mix hash, nonce, base fee, and what later forks added.
    function read(bytes calldata encoded) internal pure returns (Header memory header) {
        header.hash = keccak256(encoded);
        uint256 at = encoded.listStart();
        (header.parentHash, at) = encoded.wordAt(at);
        at = encoded.skip(at, 1);
        (header.feeRecipient, at) = encoded.addressAt(at);
        at = encoded.skip(at, 1);
        (header.transactionsRoot, at) = encoded.wordAt(at);
        at = encoded.skip(at, 3);
        (header.number, at) = encoded.uintAt(at);
        at = encoded.skip(at, 1);
        (header.gasUsed, at) = encoded.uintAt(at);
        (header.timestamp, at) = encoded.uintAt(at);
        at = encoded.skip(at, 3);
        (header.baseFee,) = encoded.uintAt(at);
    }

    function parentOf(bytes calldata encoded) internal pure returns (bytes32 parent) {
        (parent,) = encoded.wordAt(encoded.listStart());
    }
}
