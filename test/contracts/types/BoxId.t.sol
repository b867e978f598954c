// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {Test} from "forge-std/Test.sol";

// pack, unpack
// ├── unpack(pack(box)) is the box
// ├── pack(unpack(id)) is the id exactly when the id is well formed
// ├── each field has its place in the word
// └── withSideAndStrikes changes the side and the strikes and nothing else
contract BoxIdTest is Test {
    function testFuzz_pack_roundTrips(Box memory box) public pure {
        assertEq(keccak256(abi.encode(Boxes.pack(box).unpack())), keccak256(abi.encode(box)));
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

    function testFuzz_withSideAndStrikes_keepsTheRest(Box memory box, bool isShort, uint64 lo, uint64 hi)
        public
        pure
    {
        BoxId changed = Boxes.pack(box).withSideAndStrikes(isShort, lo, hi);
        (box.isShort, box.lo, box.hi) = (isShort, lo, hi);
        assertEq(BoxId.unwrap(changed), BoxId.unwrap(Boxes.pack(box)));
    }
}
