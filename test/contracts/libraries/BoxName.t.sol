// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {BoxName} from "../../../contracts/libraries/BoxName.sol";
import {EpochDate} from "../../../contracts/libraries/EpochDate.sol";
import {Box, Boxes} from "../../../contracts/types/BoxId.sol";
import {Test} from "forge-std/Test.sol";

// nameOf, symbolOf
// ├── a full box → side, components and dates
// └── a slice → its strikes too
// toDate
// ├── known dates, leap days among them
// └── every day is one after the day before it
contract BoxNameTest is Test {
    function test_nameOf_full() public pure {
        Box memory box = Box(false, 3, 1, 18_742, 18_749, 0, Boxes.MAX_STRIKE);
        assertEq(
            BoxName.nameOf(Boxes.pack(box), "BTC"),
            "Hash_Sand BTC#1 long subsidy+fees 2021-04-25 to 2021-05-02"
        );
        assertEq(BoxName.symbolOf(Boxes.pack(box), "BTC"), "SAND-BTC#1-LSF-18742-18749");
    }

    function test_nameOf_slice() public pure {
        Box memory box = Box(true, 0x86, 12, 0, 31, 5, 900);
        assertEq(
            BoxName.nameOf(Boxes.pack(box), bytes32("ABCDEFGHABCDEFGHABCDEFGHABCDEFGH")),
            "Hash_Sand ABCDEFGHABCDEFGHABCDEFGHABCDEFGH#12 short fees+c2+c7 1970-01-01 to 1970-02-01 [5,900)"
        );
        box.hi = Boxes.MAX_STRIKE;
        assertEq(BoxName.symbolOf(Boxes.pack(box), ""), "SAND-#12-SF27-0-31-5-MAX");
    }

    function test_toDate_known() public pure {
        assertEq(EpochDate.toDate(0), "1970-01-01");
        assertEq(EpochDate.toDate(789), "1972-02-29");
        assertEq(EpochDate.toDate(11_016), "2000-02-29");
        assertEq(EpochDate.toDate(11_017), "2000-03-01");
        assertEq(EpochDate.toDate(18_742), "2021-04-25");
        assertEq(EpochDate.toDate(47_540), "2100-02-28");
        assertEq(EpochDate.toDate(47_541), "2100-03-01");
    }

    function testFuzz_toDate_nextDayIsAnother(uint24 epoch) public pure {
        epoch = uint24(bound(epoch, 0, type(uint24).max - 1));
        bytes memory today = bytes(EpochDate.toDate(epoch));
        bytes memory tomorrow = bytes(EpochDate.toDate(epoch + 1));
        assertTrue(keccak256(today) != keccak256(tomorrow));
        // ISO dates sort as text, as long as the year keeps its length.
        if (today.length == tomorrow.length) assertTrue(_isBefore(today, tomorrow));
    }

    function _isBefore(bytes memory a, bytes memory b) private pure returns (bool) {
        for (uint256 i = 0; i < a.length; i++) {
            if (a[i] != b[i]) return a[i] < b[i];
        }
        return false;
    }
}
