// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBitcoinRelay} from "../interfaces/IBitcoinRelay.sol";

/// @notice Reads a coinbase transaction without witnesses where it stands in calldata.
/// @dev Every form that consensus accepts is read, however long: what could not be read could not be proven, and a miner
///      could hold up a day with it. The one exception is a transaction of 64 bytes or less, which might be two nodes of
///      a Merkle tree. Reads beyond the end give bytes of something else; the cursor is compared with the end before
///      anything that was read counts.
///
///      version 4 | inputs 1 | txid 32 | index 4 | script length 1 | script | sequence 4 | outputs | lock time 4
library BitcoinCoinbase {
    uint256 private constant LARGEST_TREE_NODE = 64;
    uint256 private constant INPUTS_AT = 4;
    uint256 private constant LAST_TXID_BYTE_AT = 36;
    uint256 private constant SCRIPT_AT = 42;
    uint256 private constant MAX_SCRIPT = 100;
    uint256 private constant SEQUENCE_BYTES = 4;
    uint256 private constant LOCK_TIME_BYTES = 4;
    uint256 private constant VALUE_BYTES = 8;

    /// @dev The sum of its outputs, in satoshi.
    /// @param position Of the block in its group, for errors.
    function paidOf(bytes calldata coinbase, uint256 height, uint256 position)
        internal
        pure
        returns (uint256 paid)
    {
        require(
            coinbase.length > LARGEST_TREE_NODE,
            IBitcoinRelay.CoinbaseTooShort(position, coinbase.length, LARGEST_TREE_NODE + 1)
        );
        uint256 scriptLength = _scriptLength(coinbase, position);
        _requireHeight(coinbase, scriptLength, height, position);

        uint256 cursor = SCRIPT_AT + scriptLength + SEQUENCE_BYTES;
        uint256 outputs;
        (outputs, cursor) = _compactSize(coinbase, cursor, position);
        // Safe because the cursor is at most the length before it moves by less than 2^33, and a sum of values of 64 bits
        // each does not outgrow its word.
        unchecked {
            for (; outputs > 0; outputs--) {
                require(cursor <= coinbase.length, IBitcoinRelay.CoinbaseMalformed(position, cursor));
                paid += _reversed8(_load(coinbase, cursor) >> 192);
                uint256 length;
                (length, cursor) = _compactSize(coinbase, cursor + VALUE_BYTES, position);
                cursor += length;
            }
            cursor += LOCK_TIME_BYTES;
        }
        require(cursor == coinbase.length, IBitcoinRelay.CoinbaseMalformed(position, cursor));
    }

    /// @dev One input that spends nothing: txid 0, index 2^32 - 1.
    function _scriptLength(bytes calldata coinbase, uint256 position) private pure returns (uint256 length) {
        bool oneInput = _load(coinbase, INPUTS_AT) == 1 << 248;
        uint256 word = _load(coinbase, LAST_TXID_BYTE_AT);
        length = (word >> 208) & 0xff;
        require(
            oneInput && word >> 216 == 0xffffffff && length <= MAX_SCRIPT,
            IBitcoinRelay.NotACoinbase(position)
        );
    }

    /// @dev BIP 34: the script begins with the push of the height, in its shortest form.
    function _requireHeight(bytes calldata coinbase, uint256 scriptLength, uint256 height, uint256 position)
        private
        pure
    {
        (uint256 push, uint256 length) = _heightPush(height);
        require(
            scriptLength >= length && _load(coinbase, SCRIPT_AT) >> (256 - 8 * length) == push,
            IBitcoinRelay.HeightMissing(position, height)
        );
    }

    function _heightPush(uint256 height) private pure returns (uint256 push, uint256 length) {
        if (height == 0) return (0, 1);
        if (height <= 16) return (0x50 + height, 1);
        uint256 bytes_ = 0;
        // Script numbers are signed: a set top bit takes one more byte.
        for (uint256 rest = height << 1; rest > 0; rest >>= 8) {
            push = (push << 8) | ((height >> (8 * bytes_)) & 0xff);
            bytes_++;
        }
        return ((bytes_ << (8 * bytes_)) | push, bytes_ + 1);
    }

    /// @return value Of a length in 1, 3 or 5 bytes, the shortest that holds it. Nothing that exists needs 9.
    function _compactSize(bytes calldata coinbase, uint256 cursor, uint256 position)
        private
        pure
        returns (uint256 value, uint256 next)
    {
        // Safe because the cursor is at most 2^34 here.
        unchecked {
            uint256 word = _load(coinbase, cursor);
            value = word >> 248;
            if (value < 0xfd) return (value, cursor + 1);
            uint256 reversed = _reversed8((word << 8) >> 192);
            if (value == 0xfd) (value, next) = (reversed & 0xffff, cursor + 3);
            else if (value == 0xfe) (value, next) = (reversed & 0xffffffff, cursor + 5);
            require(
                next == cursor + 3 && value > 0xfc || next == cursor + 5 && value > 0xffff,
                IBitcoinRelay.CoinbaseMalformed(position, cursor)
            );
        }
    }

    function _reversed8(uint256 value) private pure returns (uint256) {
        value = ((value & 0xff00ff00ff00ff00) >> 8) | ((value & 0x00ff00ff00ff00ff) << 8);
        value = ((value & 0xffff0000ffff0000) >> 16) | ((value & 0x0000ffff0000ffff) << 16);
        return (value >> 32) | ((value & 0xffffffff) << 32);
    }

    /// @dev Assembly, because a slice for each number would cost more than the number.
    function _load(bytes calldata data, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, at))
        }
    }
}
