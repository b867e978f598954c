// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";

/// @notice Packing, for every box and every id: nothing is left out and nothing overlaps.
contract BoxIdProofs {
    function check_pack_losesNothing(Box memory box) external pure {
        BoxId id = Boxes.pack(box);
        assert(id.isWellFormed());
        _assertFields(id, box);
        assert(id.isFull() == (box.lo == 0 && box.hi == Boxes.MAX_STRIKE));
    }

    function check_pack_givesDifferentBoxesDifferentIds(Box memory a, Box memory b) external pure {
        bool same = a.isShort == b.isShort && a.mask == b.mask && a.index == b.index && a.start == b.start
            && a.end == b.end && a.lo == b.lo && a.hi == b.hi;
        assert((Boxes.pack(a) == Boxes.pack(b)) == same);
    }

    function check_unpack_losesNothingOfAWellFormedId(BoxId id) external pure {
        assert((Boxes.pack(Boxes.unpack(id)) == id) == id.isWellFormed());
    }

    function check_with_changesItsFieldOnly(Box memory box, uint8 mask, uint24 start, uint24 end)
        external
        pure
    {
        BoxId id = Boxes.pack(box).withMask(mask);
        box.mask = mask;
        _assertFields(id, box);
        id = id.withStart(start);
        box.start = start;
        _assertFields(id, box);
        id = id.withEnd(end);
        box.end = end;
        _assertFields(id, box);
        assert(id.isWellFormed());
    }

    function check_withStrikes_changesStrikesOnly(Box memory box, bool isShort, uint64 lo, uint64 hi)
        external
        pure
    {
        BoxId id = Boxes.pack(box).withStrikes(lo, hi);
        (box.lo, box.hi) = (lo, hi);
        _assertFields(id, box);
        id = id.withSideAndStrikes(isShort, hi, lo);
        (box.isShort, box.lo, box.hi) = (isShort, hi, lo);
        _assertFields(id, box);
        assert(id.isWellFormed());
    }

    function _assertFields(BoxId id, Box memory box) private pure {
        assert(id.isShort() == box.isShort);
        assert(id.mask() == box.mask);
        assert(id.index() == box.index);
        assert(id.start() == box.start);
        assert(id.end() == box.end);
        assert(id.lo() == box.lo);
        assert(id.hi() == box.hi);
    }
}
