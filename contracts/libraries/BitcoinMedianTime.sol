// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The median of the last eleven block times, moved on block by block.
/// @dev A block's time is after the median of the eleven before it. So a new time always sorts behind the median, and only
///      the five times behind it need to be kept in order: when the time that leaves was not behind the median, the
///      smallest of those behind becomes the median; otherwise the median stays. It never goes back.
///
///      `later` holds those five, 32 bits each, the smallest lowest.
///
///      A chain's first blocks have fewer predecessors, and consensus takes the upper middle of them. Eleven times stand in
///      for those that are missing before the first block: 0, then five times 0 and 2^32 - 1. However many of them are left,
///      the median is that of the others.
library BitcoinMedianTime {
    uint256 internal constant SPAN = 11;
    uint256 private constant BEHIND = 5;
    uint256 private constant LANE = 32;
    uint256 private constant MASK = type(uint32).max;
    uint256 private constant OLDER = 8;

    /// @param times The first eleven count, in any order.
    function start(uint256[] memory times) internal pure returns (uint256 medianTime, uint256 later) {
        uint256[] memory sorted = new uint256[](SPAN);
        for (uint256 i = 0; i < SPAN; i++) {
            uint256 hole = i;
            while (hole > 0 && sorted[hole - 1] > times[i]) {
                sorted[hole] = sorted[hole - 1];
                hole--;
            }
            sorted[hole] = times[i];
        }
        medianTime = sorted[BEHIND];
        for (uint256 i = SPAN - 1; i > BEHIND; i--) {
            later = (later << LANE) | sorted[i];
        }
    }

    /// @param leaving The oldest of the eleven.
    /// @param time The new one; after `medianTime`.
    function move(uint256 medianTime, uint256 later, uint256 leaving, uint256 time)
        internal
        pure
        returns (uint256, uint256)
    {
        if (leaving > medianTime) return (medianTime, _insert(_remove(later, leaving), BEHIND - 1, time));
        later = _insert(later, BEHIND, time);
        return (later & MASK, later >> LANE);
    }

    /// @dev The last eleven, oldest first, as two words: eight of them, and three.
    function pack(uint256[] memory times) internal pure returns (uint256 older, uint96 newer) {
        uint256 from = times.length - SPAN;
        uint256 rest;
        for (uint256 i = 0; i < OLDER; i++) {
            older = (older << LANE) | times[from + i];
        }
        for (uint256 i = OLDER; i < SPAN; i++) {
            rest = (rest << LANE) | times[from + i];
        }
        // Safe because it holds three times of 32 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        newer = uint96(rest);
    }

    /// @return times The eleven, oldest first, and room for as many as are to follow.
    function unpack(uint256 older, uint256 newer, uint256 toFollow)
        internal
        pure
        returns (uint256[] memory times)
    {
        times = new uint256[](SPAN + toFollow);
        for (uint256 i = OLDER; i > 0; i--) {
            times[i - 1] = older & MASK;
            older >>= LANE;
        }
        for (uint256 i = SPAN; i > OLDER; i--) {
            times[i - 1] = newer & MASK;
            newer >>= LANE;
        }
    }

    function _insert(uint256 lanes, uint256 count, uint256 time) private pure returns (uint256) {
        // Safe because the shift is never above 160 nor below 0.
        unchecked {
            uint256 shift = count * LANE;
            while (shift > 0 && ((lanes >> (shift - LANE)) & MASK) > time) shift -= LANE;
            uint256 before = lanes & ((1 << shift) - 1);
            return (lanes >> shift << (shift + LANE)) | (time << shift) | before;
        }
    }

    /// @dev `time` is one of the lanes.
    function _remove(uint256 lanes, uint256 time) private pure returns (uint256) {
        // Safe because the lane is found at a shift of 128 at most.
        unchecked {
            uint256 shift = 0;
            while (((lanes >> shift) & MASK) != time) shift += LANE;
            return (lanes >> (shift + LANE) << shift) | (lanes & ((1 << shift) - 1));
        }
    }
}
