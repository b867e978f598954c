// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The name of a position: a box over one index. The id packs the box itself, so a series costs nothing to create.
/// @dev Most significant bit first:
///      flags 8 (bit 0 side, rest 0) | mask 8 | index 32 | start 24 | end 24 | lo 64 | hi 64 (all ones = MAX) | zero 32
type BoxId is uint256;

using Boxes for BoxId global;
using {_equals as ==, _differs as !=} for BoxId global;

function _equals(BoxId a, BoxId b) pure returns (bool) {
    return BoxId.unwrap(a) == BoxId.unwrap(b);
}

function _differs(BoxId a, BoxId b) pure returns (bool) {
    return BoxId.unwrap(a) != BoxId.unwrap(b);
}

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

    /// @notice All of its value, from 0 to the top of the index.
    function isFull(BoxId id) internal pure returns (bool) {
        return uint128(BoxId.unwrap(id) >> 32) == MAX_STRIKE;
    }

    function withMask(BoxId id, uint8 mask_) internal pure returns (BoxId) {
        return BoxId.wrap((BoxId.unwrap(id) & ~(uint256(type(uint8).max) << 240)) | (uint256(mask_) << 240));
    }

    function withStart(BoxId id, uint24 start_) internal pure returns (BoxId) {
        return BoxId.wrap((BoxId.unwrap(id) & ~(uint256(type(uint24).max) << 184)) | (uint256(start_) << 184));
    }

    function withEnd(BoxId id, uint24 end_) internal pure returns (BoxId) {
        return BoxId.wrap((BoxId.unwrap(id) & ~(uint256(type(uint24).max) << 160)) | (uint256(end_) << 160));
    }

    function withLo(BoxId id, uint64 lo_) internal pure returns (BoxId) {
        return BoxId.wrap((BoxId.unwrap(id) & ~(uint256(type(uint64).max) << 96)) | (uint256(lo_) << 96));
    }

    function withHi(BoxId id, uint64 hi_) internal pure returns (BoxId) {
        return BoxId.wrap((BoxId.unwrap(id) & ~(uint256(type(uint64).max) << 32)) | (uint256(hi_) << 32));
    }

    function withStrikes(BoxId id, uint64 lo_, uint64 hi_) internal pure returns (BoxId) {
        uint256 kept = BoxId.unwrap(id) & ~(uint256(type(uint128).max) << 32);
        return BoxId.wrap(kept | (uint256(lo_) << 96) | (uint256(hi_) << 32));
    }

    /// @notice The other side, and nothing else changed.
    function withOtherSide(BoxId id) internal pure returns (BoxId) {
        return BoxId.wrap(BoxId.unwrap(id) ^ SHORT_FLAG);
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
