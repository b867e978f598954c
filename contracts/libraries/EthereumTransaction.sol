// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CalldataRlp} from "./CalldataRlp.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

/// @notice Who signed a transaction of Ethereum, and how much ether it sends.
/// @dev The sender is nowhere in a block but in the signature. A value is what the transaction says: whether it was
///      carried out stands in the receipt, which is not read.
library EthereumTransaction {
    using CalldataRlp for bytes;

    /// @notice Known are legacy transactions and the types 1 to 4.
    error UnknownTransactionType(uint8 given);
    error TransactionMalformed();
    error SignatureInvalid();

    /// @dev The signature is the last three items: v or its parity, r, s.
    uint256 private constant SIGNATURE_ITEMS = 3;
    uint256 private constant LEGACY = 0;

    /// @param encoded As it stands in the trie: a list, or a byte with the type and a list.
    function read(bytes calldata encoded) internal pure returns (address sender, uint256 value) {
        require(encoded.length > 0, TransactionMalformed());
        uint8 first = uint8(encoded[0]);
        if (first >= 0xc0) return _read(LEGACY, encoded);
        require(first >= 1 && first <= 4, UnknownTransactionType(first));
        return _read(first, encoded[1:]);
    }

    function _read(uint256 kind, bytes calldata list) private pure returns (address sender, uint256 value) {
        (uint256 items, uint256 valuePosition) = _shapeOf(kind);
        uint256 start = list.listStart();
        uint256 at = list.skip(start, valuePosition);
        (value, at) = list.uintAt(at);
        uint256 unsignedEnd = list.skip(at, items - SIGNATURE_ITEMS - valuePosition - 1);
        sender = _recover(kind, list[start:unsignedEnd], list[unsignedEnd:]);
    }

    function _recover(uint256 kind, bytes calldata unsigned, bytes calldata signature)
        private
        pure
        returns (address sender)
    {
        (uint256 v, uint256 at) = signature.uintAt(0);
        uint256 r;
        uint256 s;
        (r, at) = signature.uintAt(at);
        (s, at) = signature.uintAt(at);
        require(at == signature.length, TransactionMalformed());

        (bytes32 digest, uint256 parity) =
            kind == LEGACY ? _legacyDigest(unsigned, v) : (_typedDigest(kind, unsigned), v);
        require(parity <= 1, SignatureInvalid());
        // Safe because it is 27 or 28.
        // forge-lint: disable-next-line(unsafe-typecast)
        sender = ecrecover(digest, uint8(27 + parity), bytes32(r), bytes32(s));
        require(sender != address(0), SignatureInvalid());
    }

    /// @return items How many the list has, of which `value` is the one at `valuePosition`.
    function _shapeOf(uint256 kind) private pure returns (uint256 items, uint256 valuePosition) {
        if (kind == LEGACY) return (9, 4);
        if (kind == 1) return (11, 5);
        if (kind == 2) return (12, 6);
        if (kind == 3) return (14, 6);
        return (13, 6);
    }

    function _typedDigest(uint256 kind, bytes calldata unsigned) private pure returns (bytes32) {
        bytes[] memory items = new bytes[](1);
        items[0] = unsigned;
        // Safe because it is at most 4.
        // forge-lint: disable-next-line(unsafe-typecast)
        return keccak256(bytes.concat(bytes1(uint8(kind)), RLP.encode(items)));
    }

    /// @dev v is 27 or 28, or since EIP-155 35 + 2 * chain id + parity, and then the chain id is signed too.
    function _legacyDigest(bytes calldata unsigned, uint256 v)
        private
        pure
        returns (bytes32 digest, uint256 parity)
    {
        require(v >= 27, SignatureInvalid());
        bool hasChain = v >= 35;
        bytes[] memory items = new bytes[](hasChain ? 2 : 1);
        items[0] = unsigned;
        if (hasChain) items[1] = bytes.concat(RLP.encode((v - 35) / 2), hex"8080");
        return (keccak256(RLP.encode(items)), hasChain ? (v - 35) % 2 : v - 27);
    }
}
