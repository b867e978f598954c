// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Reads RLP where it lies in calldata. Strict: of every value one encoding is accepted, and nothing may hang
///         over. Positions count from the first byte of `data`; a read says where the next item begins.
library CalldataRlp {
    /// @notice Not RLP, or not its shortest form, or something else than was asked for.
    error RlpMalformed(uint256 at);

    /// @dev Longer payloads say their length in bytes of its own.
    uint256 private constant SHORT_LENGTH = 55;

    /// @notice The payload of the item at `at` is `data[start:end]`, and the next item begins at `end`.
    function itemAt(bytes calldata data, uint256 at)
        internal
        pure
        returns (bool isList, uint256 start, uint256 end)
    {
        require(at < data.length, RlpMalformed(at));
        uint256 prefix = _byteAt(data, at);
        // Safe because positions are below 2^64 and lengths too: see `_longLengthAt`.
        unchecked {
            if (prefix < 0x80) return (false, at, at + 1);

            isList = prefix >= 0xc0;
            uint256 length = prefix - (isList ? 0xc0 : 0x80);
            start = at + 1;
            if (length > SHORT_LENGTH) (length, start) = _longLengthAt(data, start, length - SHORT_LENGTH);
            end = start + length;
            require(end <= data.length, RlpMalformed(at));
            require(isList || length != 1 || _byteAt(data, start) >= 0x80, RlpMalformed(at));
        }
    }

    /// @notice Where the first item begins, of a list that is all of `data`.
    function listStart(bytes calldata data) internal pure returns (uint256) {
        (bool isList, uint256 start, uint256 end) = itemAt(data, 0);
        require(isList && end == data.length, RlpMalformed(0));
        return start;
    }

    function skip(bytes calldata data, uint256 at, uint256 count) internal pure returns (uint256) {
        for (uint256 i = 0; i < count; i++) {
            (,, at) = itemAt(data, at);
        }
        return at;
    }

    function uintAt(bytes calldata data, uint256 at) internal pure returns (uint256 value, uint256 next) {
        (bool isList, uint256 start, uint256 end) = itemAt(data, at);
        uint256 length = end - start;
        require(!isList && length <= 32, RlpMalformed(at));
        require(length == 0 || data[start] != 0, RlpMalformed(at));
        return (uint256(bytes32(data[start:end])) >> (8 * (32 - length)), end);
    }

    function wordAt(bytes calldata data, uint256 at) internal pure returns (bytes32 value, uint256 next) {
        (bool isList, uint256 start, uint256 end) = itemAt(data, at);
        require(!isList && end - start == 32, RlpMalformed(at));
        return (bytes32(data[start:end]), end);
    }

    function addressAt(bytes calldata data, uint256 at) internal pure returns (address value, uint256 next) {
        (bool isList, uint256 start, uint256 end) = itemAt(data, at);
        require(!isList && end - start == 20, RlpMalformed(at));
        return (address(bytes20(data[start:end])), end);
    }

    /// @dev At most eight bytes, so that no sum of a position and a length overflows.
    function _longLengthAt(bytes calldata data, uint256 at, uint256 lengthOfLength)
        private
        pure
        returns (uint256 length, uint256 start)
    {
        start = at + lengthOfLength;
        require(start <= data.length && _byteAt(data, at) != 0, RlpMalformed(at - 1));
        length = uint256(bytes32(data[at:start])) >> (8 * (32 - lengthOfLength));
        require(length > SHORT_LENGTH, RlpMalformed(at - 1));
    }

    /// @dev Assembly, because an index into calldata costs three times as much; every caller has checked that `at` is inside.
    function _byteAt(bytes calldata data, uint256 at) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, calldataload(add(data.offset, at)))
        }
    }
}
