// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BitcoinHash} from "./BitcoinHash.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Targets, their compact form in a header, and what they say of work.
/// @dev Compact: one byte of size, three of mantissa, target = mantissa * 256^(size - 3). The mantissa's top bit is a
///      sign, so a target whose top bit would be set moves one byte up and loses precision.
library BitcoinTarget {
    uint256 internal constant BLOCKS_PER_EPOCH = 2016;
    uint256 private constant EPOCH_SECONDS = 14 days;

    /// @dev Of an encoding that consensus would refuse (negative, zero, beyond 256 bits) this is 0.
    function fromBits(uint256 bits) internal pure returns (uint256) {
        uint256 size = bits >> 24;
        uint256 mantissa = bits & 0xffffff;
        if (mantissa > 0x7fffff) return 0;
        if (size <= 3) return mantissa >> (8 * (3 - size));
        uint256 shift = 8 * (size - 3);
        // A shift of 256 or more leaves nothing to shift back to.
        return (mantissa << shift) >> shift == mantissa ? mantissa << shift : 0;
    }

    /// @dev Rounded down to what the form can hold.
    function toBits(uint256 target) internal pure returns (uint256) {
        uint256 size = Math.log256(target) + 1;
        uint256 mantissa = size <= 3 ? target << (8 * (3 - size)) : target >> (8 * (size - 3));
        if (mantissa > 0x7fffff) {
            mantissa >>= 8;
            size += 1;
        }
        return (size << 24) | mantissa;
    }

    /// @dev Whether a hash, in wire order, is at most the target that `bits` stand for, in the form that `toBits` gives. A hash
    ///      whose bytes above the mantissa are zero, and whose next three are less than it, is: that is a third of the
    ///      price of a reversal, and all but one in 2^23 of those that meet it.
    function isMetBy(uint256 bits, bytes32 hash) internal pure returns (bool) {
        bool isLess;
        assembly ("memory-safe") {
            // 3 to 32 of them: what stands above is then no less than 2^24, and a mantissa is.
            let bytes_ := shr(24, bits)
            let leading := or(shl(16, byte(sub(bytes_, 1), hash)), shl(8, byte(sub(bytes_, 2), hash)))
            leading := or(leading, byte(sub(bytes_, 3), hash))
            let above := shl(shl(3, bytes_), hash)
            isLess := lt(or(leading, above), and(bits, 0xffffff))
        }
        return isLess || uint256(BitcoinHash.printed(hash)) <= fromBits(bits);
    }

    /// @dev Hashes expected to meet the target: floor(2^256 / (target + 1)), for a target below 2^256 - 1.
    function workOf(uint256 target) internal pure returns (uint256) {
        return ~target / (target + 1) + 1;
    }

    /// @dev The compact target of the next epoch from the times of this one's first and last block: 2,015 intervals, as
    ///      consensus has it, and a change by a factor of four at most.
    /// @param target At most `limit`, which is below 2^254: four times either fits.
    function afterEpoch(uint256 target, uint256 firstTime, uint256 lastTime, uint256 limit)
        internal
        pure
        returns (uint256 bits)
    {
        uint256 span = lastTime > firstTime ? lastTime - firstTime : 0;
        span = Math.min(Math.max(span, EPOCH_SECONDS / 4), EPOCH_SECONDS * 4);
        return toBits(Math.min(Math.mulDiv(target, span, EPOCH_SECONDS), limit));
    }
}
