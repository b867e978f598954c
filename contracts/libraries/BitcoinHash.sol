// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice SHA-256 twice, over what stands in calldata, without a copy in Solidity's memory.
/// @dev Assembly, because `sha256(abi.encodePacked(sha256(...)))` with its copies would cost half a header again. Hashes
///      are in wire order, the order in which they are hashed on; `printed` is the reverse, and as a number it is what
///      proof of work compares. Memory behind the free pointer is used and not kept.
library BitcoinHash {
    uint256 internal constant HEADER_BYTES = 48;

    /// @notice The precompile was given too little gas.
    error Sha256Failed();

    function timeAndBits(bytes calldata headers, uint256 position)
        internal
        pure
        returns (uint256 time, uint256 bits)
    {
        uint256 lanes;
        assembly ("memory-safe") {
            // The last 32 bytes of the header: 20 of the root, time, bits, nonce.
            lanes := shr(32, calldataload(add(headers.offset, add(mul(position, HEADER_BYTES), 16))))
        }
        // Each reversed in its place.
        lanes = ((lanes >> 8) & 0x00ff00ff00ff00ff) | ((lanes & 0x00ff00ff00ff00ff) << 8);
        lanes = ((lanes >> 16) & 0x0000ffff0000ffff) | ((lanes & 0x0000ffff0000ffff) << 16);
        return ((lanes >> 32) & 0xffffffff, lanes & 0xffffffff);
    }

    /// @dev Hash, time and bits of the header at a position, which stands on `previous`; its Merkle root goes into `roots`. A
    ///      header is version 4, Merkle root 32, time 4, bits 4, nonce 4 bytes. The caller keeps `position` within both.
    function ofHeader(bytes calldata headers, uint256 position, bytes32 previous, bytes32[] memory roots)
        internal
        view
        returns (bytes32 hash, uint256 time, uint256 bits)
    {
        bool done;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let header := add(headers.offset, mul(position, HEADER_BYTES))
            calldatacopy(buffer, header, 4)
            mstore(add(buffer, 4), previous)
            calldatacopy(add(buffer, 36), add(header, 4), 44)
            mstore(add(add(roots, 32), shl(5, position)), mload(add(buffer, 36)))
            // Time and bits, each reversed in its place.
            bits := shr(32, mload(add(buffer, 48)))
            bits := or(and(shr(8, bits), 0x00ff00ff00ff00ff), shl(8, and(bits, 0x00ff00ff00ff00ff)))
            bits := or(and(shr(16, bits), 0x0000ffff0000ffff), shl(16, and(bits, 0x0000ffff0000ffff)))
            time := and(shr(32, bits), 0xffffffff)
            bits := and(bits, 0xffffffff)
            done := staticcall(gas(), 2, buffer, 80, buffer, 32)
            done := and(done, staticcall(gas(), 2, buffer, 32, buffer, 32))
            hash := mload(buffer)
        }
        require(done, Sha256Failed());
    }

    /// @dev The Merkle root over the left-most leaf `transaction`, whose siblings are `branch`, lowest first.
    function leftmostRoot(bytes calldata transaction, bytes calldata branch)
        internal
        view
        returns (bytes32 root)
    {
        bool done;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, transaction.offset, transaction.length)
            done := staticcall(gas(), 2, buffer, transaction.length, buffer, 32)
            done := and(done, staticcall(gas(), 2, buffer, 32, buffer, 32))
            let end := add(branch.offset, branch.length)
            for { let sibling := branch.offset } lt(sibling, end) { sibling := add(sibling, 32) } {
                calldatacopy(add(buffer, 32), sibling, 32)
                done := and(done, staticcall(gas(), 2, buffer, 64, buffer, 32))
                done := and(done, staticcall(gas(), 2, buffer, 32, buffer, 32))
            }
            root := mload(buffer)
        }
        require(done, Sha256Failed());
    }

    function printed(bytes32 hash) internal pure returns (bytes32) {
        uint256 value = uint256(hash);
        value = ((value & 0xff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00) >> 8)
            | ((value & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff) << 8);
        value = ((value & 0xffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000) >> 16)
            | ((value & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff) << 16);
        value = ((value & 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000) >> 32)
            | ((value & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff) << 32);
        value = ((value & 0xffffffffffffffff0000000000000000ffffffffffffffff0000000000000000) >> 64)
            | ((value & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff) << 64);
        return bytes32((value >> 128) | (value << 128));
    }
}
