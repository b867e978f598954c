// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {PlainText} from "../../../contracts/libraries/PlainText.sol";
import {Test} from "forge-std/Test.sol";

// clean
// ├── letters, digits and harmless signs → as they are
// └── any other byte → ?; nothing behind the first zero
// toDecimal
// ├── known numbers
// └── reads back as the value, rounded down by less than the last digit, without zeros at the end
contract PlainTextTest is Test {
    function testFuzz_clean(bytes32 given) public pure {
        bytes memory kept =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !#$%()*+,-./:;=?@[]^_|~";
        bytes32 cleaned = PlainText.clean(given);
        bool ended = false;
        for (uint256 i = 0; i < 32; i++) {
            ended = ended || given[i] == 0;
            bool stays = false;
            for (uint256 k = 0; k < kept.length; k++) {
                stays = stays || kept[k] == given[i];
            }
            assertEq(cleaned[i], ended ? bytes1(0) : stays ? given[i] : bytes1("?"));
        }
    }

    function test_toDecimal_known() public pure {
        assertEq(PlainText.toDecimal(0, 0, 8), "0");
        assertEq(PlainText.toDecimal(0, 26, 8), "0");
        assertEq(PlainText.toDecimal(1_234_567, 4, 5), "123.45");
        assertEq(PlainText.toDecimal(1_234_567, 0, 5), "1234567");
        assertEq(PlainText.toDecimal(1_200_000, 4, 8), "120");
        assertEq(PlainText.toDecimal(5, 3, 8), "0.005");
        assertEq(PlainText.toDecimal(1_999_999_999, 8, 8), "19.999999");
        assertEq(PlainText.toDecimal(10_000_000_001, 8, 8), "100");
    }

    function testFuzz_toDecimal_readsBack(uint128 value, uint8 decimals, uint8 digits) public pure {
        decimals = uint8(bound(decimals, 0, 54));
        digits = uint8(bound(digits, 1, 40));
        bytes memory text = bytes(PlainText.toDecimal(value, decimals, digits));
        (uint256 read, uint256 behind, bool point) = (0, 0, false);
        for (uint256 i = 0; i < text.length; i++) {
            if (text[i] == ".") {
                point = true;
                continue;
            }
            read = read * 10 + uint8(text[i]) - 48;
            if (point) behind++;
        }
        if (point) assertTrue(text[text.length - 1] != "0" && behind > 0);
        assertLe(behind, decimals);
        uint256 scaled = read * 10 ** (decimals - behind);
        assertLe(scaled, value);
        // Less than one unit of the last of the digits that it may have.
        uint256 length = bytes(vm.toString(uint256(value))).length;
        uint256 dropped = length > digits ? length - digits : 0;
        assertLt(value - scaled, 10 ** (dropped < decimals ? dropped : decimals));
    }
}

// forge-lint: disable-end(unsafe-typecast)
