// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {Test} from "forge-std/Test.sol";

// pack, unpack
// ├── unpack(pack(box)) is the box; two boxes share an id only if they are the same
// ├── pack(unpack(id)) is the id exactly when the id is well formed
// └── each field has its place in the word, and its getter reads it
// isWellFormed → false with any single bit that has no meaning, true with any single bit that has one
// isFull → from 0 to MAX, and no other strikes
// with… → changes what it says, and nothing else, garbage apart
contract BoxIdTest is Test {
    function testFuzz_pack_roundTrips(Box memory box) public pure {
        assertEq(keccak256(abi.encode(Boxes.pack(box).unpack())), keccak256(abi.encode(box)));
        assertTrue(Boxes.pack(box).isWellFormed());
    }

    function testFuzz_pack_isInjective(Box memory a, Box memory b, uint8 same) public pure {
        // Boxes that share most of their fields.
        if (same & 1 != 0) b.isShort = a.isShort;
        if (same & 2 != 0) b.mask = a.mask;
        if (same & 4 != 0) b.index = a.index;
        if (same & 8 != 0) b.start = a.start;
        if (same & 16 != 0) b.end = a.end;
        if (same & 32 != 0) b.lo = a.lo;
        if (same & 64 != 0) b.hi = a.hi;
        bool equal = keccak256(abi.encode(a)) == keccak256(abi.encode(b));
        assertEq(Boxes.pack(a) == Boxes.pack(b), equal);
        assertEq(Boxes.pack(a) != Boxes.pack(b), !equal);
    }

    function testFuzz_unpack_roundTripsWhenWellFormed(uint256 raw) public pure {
        BoxId id = BoxId.wrap(raw);
        assertEq(BoxId.unwrap(Boxes.pack(id.unpack())) == raw, id.isWellFormed());
    }

    function testFuzz_unpack_roundTripsWithoutReservedBits(uint256 raw) public pure {
        BoxId id = BoxId.wrap(raw & ~((uint256(0xfe) << 248) | type(uint32).max));
        assertTrue(id.isWellFormed());
        assertEq(BoxId.unwrap(Boxes.pack(id.unpack())), BoxId.unwrap(id));
    }

    function test_pack_putsEachFieldInItsPlace() public pure {
        Box memory box =
            Box(true, 0x02, 0x03030303, 0x040404, 0x050505, 0x0606060606060606, 0x0707070707070707);
        assertEq(
            BoxId.unwrap(Boxes.pack(box)), 0x0102030303030404040505050606060606060606070707070707070700000000
        );
    }

    function testFuzz_getters_readTheirFields(Box memory box, uint256 garbage) public pure {
        garbage &= (uint256(0xfe) << 248) | type(uint32).max;
        BoxId id = BoxId.wrap(BoxId.unwrap(Boxes.pack(box)) | garbage);
        assertEq(id.isShort(), box.isShort);
        assertEq(id.mask(), box.mask);
        assertEq(id.index(), box.index);
        assertEq(id.start(), box.start);
        assertEq(id.end(), box.end);
        assertEq(id.lo(), box.lo);
        assertEq(id.hi(), box.hi);
    }

    /// @dev Bit by bit: 248 is the side, 32 to 247 are fields.
    function test_isWellFormed_ofEachBit() public pure {
        for (uint256 bit = 0; bit < 256; bit++) {
            assertEq(BoxId.wrap(2 ** bit).isWellFormed(), bit >= 32 && bit <= 248, vm.toString(bit));
        }
    }

    function testFuzz_isFull_isAllOfItsValue(Box memory box) public pure {
        BoxId id = Boxes.pack(box);
        assertEq(id.isFull(), box.lo == 0 && box.hi == Boxes.MAX_STRIKE);
        assertTrue(id.withStrikes(0, Boxes.MAX_STRIKE).isFull());
        assertFalse(id.withStrikes(1, Boxes.MAX_STRIKE).isFull());
        assertFalse(id.withStrikes(0, Boxes.MAX_STRIKE - 1).isFull());
        assertFalse(id.withStrikes(1 << 63, Boxes.MAX_STRIKE).isFull());
    }

    function testFuzz_with_keepsTheRest(Box memory box, Box memory other) public pure {
        BoxId id = Boxes.pack(box);
        Box memory changed = id.unpack();
        changed.mask = other.mask;
        assertEq(BoxId.unwrap(id.withMask(other.mask)), BoxId.unwrap(Boxes.pack(changed)));
        changed = id.unpack();
        changed.start = other.start;
        assertEq(BoxId.unwrap(id.withStart(other.start)), BoxId.unwrap(Boxes.pack(changed)));
        changed = id.unpack();
        changed.end = other.end;
        assertEq(BoxId.unwrap(id.withEnd(other.end)), BoxId.unwrap(Boxes.pack(changed)));
        changed = id.unpack();
        (changed.lo, changed.hi) = (other.lo, other.hi);
        assertEq(BoxId.unwrap(id.withStrikes(other.lo, other.hi)), BoxId.unwrap(Boxes.pack(changed)));
    }

    /// @dev Garbage too: the other side of what cannot exist cannot exist either.
    function testFuzz_withOtherSide_changesTheSideAlone(uint256 raw) public pure {
        BoxId other = BoxId.wrap(raw).withOtherSide();
        assertEq(BoxId.unwrap(other), raw & (1 << 248) == 0 ? raw + (1 << 248) : raw - (1 << 248));
    }

    function testFuzz_withSideAndStrikes_keepsTheRest(Box memory box, bool isShort, uint64 lo, uint64 hi)
        public
        pure
    {
        BoxId changed = Boxes.pack(box).withSideAndStrikes(isShort, lo, hi);
        (box.isShort, box.lo, box.hi) = (isShort, lo, hi);
        assertEq(BoxId.unwrap(changed), BoxId.unwrap(Boxes.pack(box)));
    }
}
