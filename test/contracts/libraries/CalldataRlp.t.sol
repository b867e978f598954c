// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {CalldataRlp} from "../../../contracts/libraries/CalldataRlp.sol";
import {EthereumHarness} from "./EthereumHarness.sol";
import {RLPWriter} from "@eth-optimism/contracts-bedrock/src/libraries/rlp/RLPWriter.sol";
import {Test} from "forge-std/Test.sol";

// itemAt, listStart
// ├── accept, read and refuse what OpenZeppelin's reader does
// └── at or beyond the end → reverts RlpMalformed
// uintAt, wordAt, addressAt
// ├── read what Optimism's writer wrote
// └── a leading zero, another length or a list → reverts RlpMalformed
contract CalldataRlpTest is Test {
    EthereumHarness private harness;

    function setUp() public {
        harness = new EthereumHarness();
    }

    /* AGAINST OPENZEPPELIN'S */

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_itemAt_agreesOnBytes(uint8 prefix, uint8 first, bytes calldata rest) public view {
        bytes memory data = bytes.concat(bytes1(prefix), bytes1(first), rest);
        _assertSame(data, harness.bytesOf.selector, harness.theirBytesOf.selector);
    }

    /// @dev Lengths right and off by one, in their shortest form and in longer ones.
    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_itemAt_agreesOnBytesOfAnyLength(uint16 length, uint8 off, uint8 form, uint8 fill)
        public
        view
    {
        length = uint16(bound(length, 0, 700));
        uint256 said = _near(length, off);
        bytes memory data = bytes.concat(_prefix(0x80, said, form % 4), _filled(length, fill));
        _assertSame(data, harness.bytesOf.selector, harness.theirBytesOf.selector);
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_listStart_agreesOnLists(uint8 count, uint8 length, uint8 off, uint8 form, uint8 fill)
        public
        view
    {
        bytes memory payload;
        for (uint256 i = 0; i < count % 20; i++) {
            payload = bytes.concat(payload, RLPWriter.writeBytes(_filled(length % 70, fill)));
        }
        uint256 said = _near(payload.length, off);
        bytes memory data = bytes.concat(_prefix(0xc0, said, form % 4), payload);
        _assertSame(data, harness.countOf.selector, harness.theirCountOf.selector);
    }

    function testFuzz_itemAt_revertsBeyondTheEnd(bytes calldata data, uint256 at) public {
        at = bound(at, data.length, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, at));
        harness.itemAt(data, at);
    }

    /// @dev A length of eight bytes is the longest there is; no sum overflows.
    function testFuzz_itemAt_revertsIfLengthIsHuge(bytes8 length, bool isList) public {
        vm.assume(length[0] != 0);
        bytes memory data = bytes.concat(isList ? bytes1(0xff) : bytes1(0xbf), length);
        vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
        harness.itemAt(data, 0);
    }

    /* TYPED */

    function testFuzz_uintAt_readsWhatWasWritten(uint256 value) public view {
        bytes memory data = RLPWriter.writeUint(value);
        (uint256 read, uint256 next) = harness.uintOf(data);
        assertEq(read, value);
        assertEq(next, data.length);
    }

    function testFuzz_uintAt_revertsIfLeadingZero(bytes31 rest, uint8 length) public {
        length = uint8(bound(length, 0, 31));
        bytes memory padded = bytes.concat(bytes1(0), rest);
        bytes memory data = RLPWriter.writeBytes(_firstOf(padded, uint256(length) + 1));
        vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
        harness.uintOf(data);
    }

    function testFuzz_typed_revertIfLengthDiffers(uint8 length) public {
        bytes memory data = RLPWriter.writeBytes(_filled(length, 1));
        if (length > 32) {
            vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
            harness.uintOf(data);
        }
        if (length != 32) {
            vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
            harness.wordOf(data);
        }
        if (length != 20) {
            vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
            harness.addressOf(data);
        }
    }

    function test_typed_revertIfList() public {
        bytes memory zeros = new bytes(32);
        vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
        harness.uintOf(hex"c0");
        vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
        harness.wordOf(bytes.concat(hex"e0", zeros));
        vm.expectRevert(abi.encodeWithSelector(CalldataRlp.RlpMalformed.selector, 0));
        harness.addressOf(bytes.concat(hex"d4", _filled(20, 1)));
    }

    function testFuzz_wordAt_readsWhatWasWritten(bytes32 word, address account) public view {
        (bytes32 readWord,) = harness.wordOf(RLPWriter.writeBytes(abi.encode(word)));
        (address readAccount,) = harness.addressOf(RLPWriter.writeAddress(account));
        assertEq(readWord, word);
        assertEq(readAccount, account);
    }

    /* INTERNALS */

    function _assertSame(bytes memory data, bytes4 ours, bytes4 theirs) private view {
        (bool ok, bytes memory read) = address(harness).staticcall(abi.encodeWithSelector(ours, data));
        (bool theyDo, bytes memory theyRead) =
            address(harness).staticcall(abi.encodeWithSelector(theirs, data));
        assertEq(ok, theyDo);
        if (ok) assertEq(read, theyRead);
    }

    function _near(uint256 length, uint8 off) private pure returns (uint256) {
        return length == 0 ? off % 2 : length + off % 3 - 1;
    }

    /// @dev `form` 0 is the shortest; 1 to 3 say the length in that many bytes.
    function _prefix(uint8 base, uint256 length, uint256 form) private pure returns (bytes memory) {
        if (form == 0 && length <= 55) return abi.encodePacked(uint8(base + length));
        if (form == 0) form = length < 256 ? 1 : 2;
        return bytes.concat(
            abi.encodePacked(uint8(base + 55 + form)), _lastOf(abi.encodePacked(uint32(length)), form)
        );
    }

    function _filled(uint256 length, uint8 fill) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            data[i] = bytes1(fill);
        }
    }

    function _firstOf(bytes memory data, uint256 length) private pure returns (bytes memory first) {
        first = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            first[i] = data[i];
        }
    }

    function _lastOf(bytes memory data, uint256 length) private pure returns (bytes memory last) {
        last = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            last[i] = data[data.length - length + i];
        }
    }
}
