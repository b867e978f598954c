// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// A shift of 1 by a count is meant wherever it stands.
// forge-lint: disable-start(incorrect-shift)

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
    /// @dev The median and the five behind it.
    uint256 private constant KEPT = 6;
    uint256 private constant BEHIND = 5;
    uint256 private constant LANE = 32;
    uint256 private constant MASK = type(uint32).max;
    uint256 private constant OLDER = 8;
    /// @dev Where the largest of the five stands.
    uint256 private constant TOP = 128;

    /// @param times The first eleven count.
    function start(uint256[] memory times) internal pure returns (uint256 medianTime, uint256 later) {
        uint256 largest = 0;
        for (uint256 i = 0; i < SPAN; i++) {
            // The smallest of seven goes.
            largest = _insert(largest, KEPT, times[i]) >> LANE;
        }
        return (largest & MASK, largest >> LANE);
    }

    /// @param leaving The oldest of the eleven.
    /// @param time The new one; after `medianTime`.
    function move(uint256 medianTime, uint256 later, uint256 leaving, uint256 time)
        internal
        pure
        returns (uint256, uint256)
    {
        // What is usual, without the search for its place.
        if (leaving <= medianTime && time >= later >> TOP) {
            return (later & MASK, (later >> LANE) | (time << TOP));
        }
        if (leaving > medianTime) return (medianTime, _insert(_remove(later, leaving), 4, time));
        later = _insert(later, BEHIND, time);
        return (later & MASK, later >> LANE);
    }

    /// @dev Puts a new time behind the eleven from `position` on, and gives the one that leaves them. Assembly, because the
    ///      bounds are those of the loop over the headers.
    function exchange(uint256[] memory times, uint256 position, uint256 time)
        internal
        pure
        returns (uint256 leaving)
    {
        assembly ("memory-safe") {
            let at := add(add(times, 32), shl(5, position))
            leaving := mload(at)
            mstore(add(at, 352), time)
        }
    }

    /// @dev The last eleven, oldest first, as two words: eight of them, and three. The next two are assembly too: checks of
    ///      bounds that are constant would be half of a header again.
    function pack(uint256[] memory times) internal pure returns (uint256 older, uint96 newer) {
        assembly ("memory-safe") {
            let end := add(add(times, 32), shl(5, mload(times)))
            let at := sub(end, 352)
            for { let split := sub(end, 96) } lt(at, split) { at := add(at, 32) } {
                older := or(shl(32, older), mload(at))
            }
            for {} lt(at, end) { at := add(at, 32) } { newer := or(shl(32, newer), mload(at)) }
        }
    }

    /// @return times The eleven, oldest first, and room for as many as are to follow.
    function unpack(uint256 older, uint256 newer, uint256 toFollow)
        internal
        pure
        returns (uint256[] memory times)
    {
        times = new uint256[](SPAN + toFollow);
        assembly ("memory-safe") {
            let at := add(times, 32)
            for { let shift := 256 } shift { at := add(at, 32) } {
                shift := sub(shift, 32)
                mstore(at, and(shr(shift, older), 0xffffffff))
            }
            for { let shift := 96 } shift { at := add(at, 32) } {
                shift := sub(shift, 32)
                mstore(at, and(shr(shift, newer), 0xffffffff))
            }
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
