// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The name of a position: a box over one index. The id packs the box itself, so a series costs nothing to create.
/// @dev Most significant bit first:
///      flags 8 (bit 0 side, rest 0) | mask 8 | index 32 | start 24 | end 24 | lo 64 | hi 64 (all ones = MAX) | zero 32
type BoxId is uint256;

using Boxes for BoxId global;

/// @notice The fields of a `BoxId`.
/// @param isShort The side: false is LONG, true is SHORT.
/// @param mask The components, bit k for component k.
/// @param index The number of the index in the ledger.
/// @param start The first epoch that counts.
/// @param end The epoch after the last one that counts; the box matures when the index is known up to it.
/// @param lo The floor in ticks: what lies below it is not paid.
/// @param hi The ceiling in ticks, or `Boxes.MAX_STRIKE` for the top of the index.
struct Box {
    bool isShort;
    uint8 mask;
    uint32 index;
    uint24 start;
    uint24 end;
    uint64 lo;
    uint64 hi;
}

/// @notice Packs and unpacks boxes. Knows nothing of caps: whether a box can exist is for the ledger to say.
library Boxes {
    /// @notice The `hi` that stands for the top of the index, wherever that is.
    uint64 internal constant MAX_STRIKE = type(uint64).max;

    uint256 private constant SHORT_FLAG = 1 << 248;

    function pack(Box memory box) internal pure returns (BoxId) {
        return BoxId.wrap(
            (box.isShort ? SHORT_FLAG : 0) | (uint256(box.mask) << 240) | (uint256(box.index) << 208)
                | (uint256(box.start) << 184) | (uint256(box.end) << 160) | (uint256(box.lo) << 96)
                | (uint256(box.hi) << 32)
        );
    }

    function unpack(BoxId id) internal pure returns (Box memory) {
        return Box(id.isShort(), id.mask(), id.index(), id.start(), id.end(), id.lo(), id.hi());
    }

    /// @dev False when a bit is set that has no meaning: `pack(unpack(id))` would be another id.
    function isWellFormed(BoxId id) internal pure returns (bool) {
        uint256 raw = BoxId.unwrap(id);
        return raw >> 249 == 0 && raw << 224 == 0;
    }

    function isShort(BoxId id) internal pure returns (bool) {
        return BoxId.unwrap(id) & SHORT_FLAG != 0;
    }

    // The casts below keep the low bits on purpose: each field is what remains after the shift.

    function mask(BoxId id) internal pure returns (uint8) {
        return uint8(BoxId.unwrap(id) >> 240);
    }

    function index(BoxId id) internal pure returns (uint32) {
        return uint32(BoxId.unwrap(id) >> 208);
    }

    function start(BoxId id) internal pure returns (uint24) {
        return uint24(BoxId.unwrap(id) >> 184);
    }

    function end(BoxId id) internal pure returns (uint24) {
        return uint24(BoxId.unwrap(id) >> 160);
    }

    function lo(BoxId id) internal pure returns (uint64) {
        return uint64(BoxId.unwrap(id) >> 96);
    }

    function hi(BoxId id) internal pure returns (uint64) {
        return uint64(BoxId.unwrap(id) >> 32);
    }

    /// @notice The same components, index and interval, but another side and other strikes.
    function withSideAndStrikes(BoxId id, bool isShort_, uint64 lo_, uint64 hi_)
        internal
        pure
        returns (BoxId)
    {
        uint256 kept = BoxId.unwrap(id) & (((1 << 88) - 1) << 160);
        return BoxId.wrap(kept | (isShort_ ? SHORT_FLAG : 0) | (uint256(lo_) << 96) | (uint256(hi_) << 32));
    }
}
