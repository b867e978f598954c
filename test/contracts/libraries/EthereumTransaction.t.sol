// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {EthereumTransaction} from "../../../contracts/libraries/EthereumTransaction.sol";
import {RealBlock} from "../oracle/RealBlock.sol";
import {EthereumHarness} from "./EthereumHarness.sol";
import {RLPWriter} from "@eth-optimism/contracts-bedrock/src/libraries/rlp/RLPWriter.sol";
import {Test} from "forge-std/Test.sol";

// read
// ├── legacy before and since EIP-155, types 1 to 4 → signer and value
// ├── of another type → reverts UnknownTransactionType
// ├── nothing, or an item too many or too few → reverts
// ├── any byte changed → another signer, or reverts
// └── a signature that is none → reverts SignatureInvalid
contract EthereumTransactionTest is Test {
    uint256 private constant LEGACY = 0;
    uint256 private constant LEGACY_WITH_CHAIN = 5;

    EthereumHarness private harness;
    address private signer;
    uint256 private key;

    function setUp() public {
        harness = new EthereumHarness();
        (signer, key) = makeAddrAndKey("signer");
    }

    function test_read_theRealOne() public view {
        (address sender, uint256 value) = harness.transactionOf(RealBlock.TRANSACTION);
        assertEq(sender, RealBlock.FEE_RECIPIENT);
        assertEq(value, RealBlock.PAYMENT);
    }

    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_read_signerAndValue(uint256 kind, uint256 value, bytes memory data, uint32 chainId)
        public
        view
    {
        kind = bound(kind, 0, 5);
        (address sender, uint256 read) = harness.transactionOf(_signed(kind, value, data, chainId, 0));
        assertEq(sender, signer);
        assertEq(read, value);
    }

    function testFuzz_read_revertsIfTypeUnknown(uint8 kind, bytes calldata rest) public {
        vm.assume(kind < 0xc0 && (kind == 0 || kind > 4));
        vm.expectRevert(abi.encodeWithSelector(EthereumTransaction.UnknownTransactionType.selector, kind));
        harness.transactionOf(bytes.concat(bytes1(kind), rest));
    }

    function test_read_revertsIfNothing() public {
        vm.expectRevert(EthereumTransaction.TransactionMalformed.selector);
        harness.transactionOf("");
    }

    function testFuzz_read_revertsIfItemTooMany(uint256 kind) public {
        kind = bound(kind, 0, 5);
        bytes memory longer = _signed(kind, 1, "", 1, 1);
        vm.expectRevert(EthereumTransaction.TransactionMalformed.selector);
        harness.transactionOf(longer);
    }

    /// forge-config: default.fuzz.runs = 4000
    function testFuzz_read_anyByteChangedIsAnotherSigner(uint256 at, uint8 with) public view {
        vm.assume(with != 0);
        bytes memory altered = RealBlock.TRANSACTION;
        altered[at % altered.length] ^= bytes1(with);
        (bool ok, bytes memory answer) =
            address(harness).staticcall(abi.encodeCall(harness.transactionOf, (altered)));
        if (!ok) return;
        (address sender,) = abi.decode(answer, (address, uint256));
        assertNotEq(sender, RealBlock.FEE_RECIPIENT);
    }

    function testFuzz_read_revertsIfSignatureInvalid(uint256 parity) public {
        parity = bound(parity, 2, type(uint256).max);
        bytes[] memory items = new bytes[](12);
        for (uint256 i = 0; i < 12; i++) {
            items[i] = hex"01";
        }
        items[9] = RLPWriter.writeUint(parity);
        vm.expectRevert(EthereumTransaction.SignatureInvalid.selector);
        harness.transactionOf(bytes.concat(hex"02", RLPWriter.writeList(items)));

        // r = 0 is nobody's.
        items[9] = hex"01";
        items[10] = hex"80";
        vm.expectRevert(EthereumTransaction.SignatureInvalid.selector);
        harness.transactionOf(bytes.concat(hex"02", RLPWriter.writeList(items)));
    }

    function testFuzz_read_revertsIfLegacyVIsNone(uint256 v) public {
        v = v % 2 == 0 ? bound(v, 0, 26) : bound(v, 29, 34);
        bytes[] memory items = new bytes[](9);
        for (uint256 i = 0; i < 9; i++) {
            items[i] = hex"01";
        }
        items[6] = RLPWriter.writeUint(v);
        vm.expectRevert(EthereumTransaction.SignatureInvalid.selector);
        harness.transactionOf(RLPWriter.writeList(items));
    }

    /* INTERNALS */

    /// @dev Fields before the signature: legacy 6, type 1 8, type 2 9, type 3 11, type 4 10. `extra` items are added.
    function _signed(uint256 kind, uint256 value, bytes memory data, uint256 chainId, uint256 extra)
        private
        view
        returns (bytes memory)
    {
        bool legacy = kind == LEGACY || kind == LEGACY_WITH_CHAIN;
        bytes[] memory fields = legacy ? _legacyFields(value, data) : _typedFields(kind, value, data, chainId);
        bytes memory unsigned = RLPWriter.writeList(
            kind == LEGACY_WITH_CHAIN
                ? _join(fields, _three(RLPWriter.writeUint(chainId), hex"80", hex"80"))
                : fields
        );
        if (!legacy) unsigned = bytes.concat(bytes1(uint8(kind)), unsigned);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(unsigned));

        uint256 said = v;
        if (kind == LEGACY_WITH_CHAIN) said = v - 27 + 35 + 2 * chainId;
        if (!legacy) said = v - 27;
        bytes[] memory all = _join(
            fields,
            _three(
                RLPWriter.writeUint(said), RLPWriter.writeUint(uint256(r)), RLPWriter.writeUint(uint256(s))
            )
        );
        all = _join(all, new bytes[](extra));
        for (uint256 i = 0; i < extra; i++) {
            all[all.length - 1 - i] = hex"80";
        }
        bytes memory list = RLPWriter.writeList(all);
        return legacy ? list : bytes.concat(bytes1(uint8(kind)), list);
    }

    function _legacyFields(uint256 value, bytes memory data) private pure returns (bytes[] memory fields) {
        fields = new bytes[](6);
        fields[0] = RLPWriter.writeUint(7);
        fields[1] = RLPWriter.writeUint(1e9);
        fields[2] = RLPWriter.writeUint(21_000);
        fields[3] = RLPWriter.writeAddress(address(0xbeef));
        fields[4] = RLPWriter.writeUint(value);
        fields[5] = RLPWriter.writeBytes(data);
    }

    function _typedFields(uint256 kind, uint256 value, bytes memory data, uint256 chainId)
        private
        pure
        returns (bytes[] memory fields)
    {
        uint8[5] memory counts = [0, 8, 9, 11, 10];
        fields = new bytes[](counts[kind]);
        uint256 next = 0;
        fields[next++] = RLPWriter.writeUint(chainId);
        fields[next++] = RLPWriter.writeUint(7);
        fields[next++] = RLPWriter.writeUint(1e9);
        if (kind > 1) fields[next++] = RLPWriter.writeUint(3e9);
        fields[next++] = RLPWriter.writeUint(21_000);
        // A contract creation has no receiver.
        fields[next++] = kind == 1 ? bytes(hex"80") : RLPWriter.writeAddress(address(0xbeef));
        fields[next++] = RLPWriter.writeUint(value);
        fields[next++] = RLPWriter.writeBytes(data);
        fields[next++] = _accessList();
        if (kind == 3) fields[next++] = RLPWriter.writeUint(5);
        if (kind == 3) fields[next++] = _accessList();
        if (kind == 4) fields[next++] = _accessList();
        assert(next == fields.length);
    }

    /// @dev Lists within lists, as long as need be to have a length of its own.
    function _accessList() private pure returns (bytes memory) {
        bytes[] memory entry = new bytes[](2);
        entry[0] = RLPWriter.writeAddress(address(0xcafe));
        bytes[] memory slots = new bytes[](3);
        for (uint256 i = 0; i < 3; i++) {
            slots[i] = RLPWriter.writeBytes(abi.encode(i));
        }
        entry[1] = RLPWriter.writeList(slots);
        bytes[] memory list = new bytes[](1);
        list[0] = RLPWriter.writeList(entry);
        return RLPWriter.writeList(list);
    }

    function _three(bytes memory a, bytes memory b, bytes memory c)
        private
        pure
        returns (bytes[] memory list)
    {
        list = new bytes[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function _join(bytes[] memory a, bytes[] memory b) private pure returns (bytes[] memory list) {
        list = new bytes[](a.length + b.length);
        for (uint256 i = 0; i < list.length; i++) {
            list[i] = i < a.length ? a[i] : b[i - a.length];
        }
    }
}
