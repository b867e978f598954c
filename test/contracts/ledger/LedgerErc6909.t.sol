// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {BoxTest} from "./BoxTest.sol";
import {
    IERC6909,
    IERC6909ContentURI,
    IERC6909Metadata,
    IERC6909TokenSupply
} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

// transfer
// ├── more than one has, to nobody → reverts
// └── otherwise → moves exactly that, one event; to oneself as well, and nothing of any id
// transferFrom
// ├── without a right, or beyond the allowance → reverts
// ├── by an operator → the allowance is not asked and not used, whatever it is
// ├── by allowance → used up, unless it is without end
// └── by the owner → no right needed
// approve, setOperator → events, read back, can be taken back; for nobody → reverts
// holders are never called, on any path
// supportsInterface → ERC-165, ERC-6909, its metadata, supply and content URI, and nothing else
contract LedgerErc6909Test is BoxTest {
    BoxId private _long;
    uint256 private _id;

    function setUp() public override {
        super.setUp();
        _long = fullLong(7);
        _id = BoxId.unwrap(_long);
        escrowAs(miner, _long, UNIT);
    }

    /* TRANSFER */

    function testFuzz_transfer_movesExactly(uint256 amount, bool toOneself) public {
        amount = bound(amount, 0, UNIT);
        address to = toOneself ? miner : buyer;
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(miner, miner, to, _id, amount);
        vm.recordLogs();
        vm.prank(miner);
        assertTrue(ledger.transfer(to, _id, amount));

        assertEq(vm.getRecordedLogs().length, 1);
        assertHas(miner, _long, toOneself ? UNIT : UNIT - amount);
        assertHas(buyer, _long, toOneself ? 0 : amount);
        assertEq(supplyOf(_long), UNIT);
        assertEq(supplyOf(ledger.mirrorOf(_long)), UNIT);
    }

    function testFuzz_transfer_revertsIfImpossible(uint256 amount) public {
        amount = bound(amount, UNIT + 1, type(uint256).max);
        vm.startPrank(miner);
        expectNotEnough(miner, _long, UNIT, amount);
        ledger.transfer(buyer, _id, amount);
        expectNotEnough(miner, _long, UNIT, amount);
        ledger.transfer(miner, _id, amount);
        expectNotEnough(miner, _long, UNIT, amount);
        ledger.transferFrom(miner, buyer, _id, amount);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InvalidReceiver.selector, address(0)));
        ledger.transfer(address(0), _id, 1);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InvalidReceiver.selector, address(0)));
        ledger.transferFrom(miner, address(0), _id, 1);
        assertHas(miner, _long, UNIT);
    }

    /// @dev An id that nobody can have moves in no amount but 0, and then nothing happens.
    function testFuzz_transfer_ofAnyIdNeverCreates(uint256 id, uint256 amount) public {
        vm.prank(anyone);
        if (amount > 0) expectNotEnough(anyone, BoxId.wrap(id), 0, amount);
        ledger.transfer(buyer, id, amount);
        assertEq(ledger.balanceOf(buyer, id), 0);
    }

    /* TRANSFER FROM */

    function testFuzz_transferFrom_asksTheOperatorFirst(uint256 amount, uint256 allowed) public {
        amount = bound(amount, 1, UNIT);
        vm.startPrank(miner);
        ledger.approve(anyone, _id, allowed);
        ledger.setOperator(anyone, true);
        vm.stopPrank();
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(anyone, miner, buyer, _id, amount);
        vm.prank(anyone);
        assertTrue(ledger.transferFrom(miner, buyer, _id, amount));
        assertEq(ledger.allowance(miner, anyone, _id), allowed);
        assertHas(buyer, _long, amount);
        assertEq(supplyOf(_long), UNIT);

        // Taken back, it is the allowance that counts again.
        vm.prank(miner);
        ledger.setOperator(anyone, false);
        vm.prank(miner);
        ledger.approve(anyone, _id, 0);
        vm.prank(anyone);
        vm.expectRevert(
            abi.encodeWithSelector(ERC6909.ERC6909InsufficientAllowance.selector, anyone, 0, amount, _id)
        );
        ledger.transferFrom(miner, buyer, _id, amount);
    }

    function testFuzz_transferFrom_usesTheAllowance(uint256 amount, uint256 allowed) public {
        amount = bound(amount, 1, UNIT);
        vm.prank(miner);
        ledger.approve(anyone, _id, allowed);
        vm.prank(anyone);
        if (allowed < amount) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    ERC6909.ERC6909InsufficientAllowance.selector, anyone, allowed, amount, _id
                )
            );
        }
        ledger.transferFrom(miner, buyer, _id, amount);

        bool moved = allowed >= amount;
        bool endless = allowed == type(uint256).max;
        assertEq(ledger.allowance(miner, anyone, _id), moved && !endless ? allowed - amount : allowed);
        assertHas(buyer, _long, moved ? amount : 0);
        // Of this id only.
        uint256 other = BoxId.unwrap(ledger.mirrorOf(_long));
        vm.prank(anyone);
        vm.expectRevert(
            abi.encodeWithSelector(ERC6909.ERC6909InsufficientAllowance.selector, anyone, 0, 1, other)
        );
        ledger.transferFrom(miner, buyer, other, 1);
    }

    function test_transferFrom_keepsAnEndlessAllowance() public {
        vm.prank(miner);
        ledger.approve(anyone, _id, type(uint256).max);
        vm.prank(anyone);
        ledger.transferFrom(miner, buyer, _id, 1);
        assertEq(ledger.allowance(miner, anyone, _id), type(uint256).max);
    }

    function testFuzz_transferFrom_ofOnesOwnNeedsNoRight(uint256 amount) public {
        amount = bound(amount, 0, UNIT);
        vm.prank(miner);
        ledger.transferFrom(miner, buyer, _id, amount);
        assertHas(buyer, _long, amount);
        assertEq(ledger.allowance(miner, miner, _id), 0);
        // The right is the sender's over his own, not over what he is to receive.
        vm.prank(miner);
        vm.expectRevert(
            abi.encodeWithSelector(ERC6909.ERC6909InsufficientAllowance.selector, miner, 0, UNIT, _id)
        );
        ledger.transferFrom(buyer, miner, _id, UNIT);
    }

    /* RIGHTS */

    function testFuzz_approve_readsBack(address spender, uint256 amount, bool approved) public {
        vm.assume(spender != address(0));
        vm.startPrank(miner);
        vm.expectEmit(address(ledger));
        emit IERC6909.Approval(miner, spender, _id, amount);
        assertTrue(ledger.approve(spender, _id, amount));
        vm.expectEmit(address(ledger));
        emit IERC6909.OperatorSet(miner, spender, approved);
        assertTrue(ledger.setOperator(spender, approved));
        assertEq(ledger.allowance(miner, spender, _id), amount);
        assertEq(ledger.isOperator(miner, spender), approved);
        assertFalse(ledger.isOperator(spender, miner) && spender != miner);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InvalidSpender.selector, address(0)));
        ledger.approve(address(0), _id, 1);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InvalidSpender.selector, address(0)));
        ledger.setOperator(address(0), true);
    }

    /* NO CALLBACKS */

    /// @dev Code that fails whenever it runs. It still receives, on every path, and does what it is told.
    function test_holders_areNeverCalled() public {
        vm.etch(buyer, hex"fe");
        vm.startPrank(miner);
        ledger.transfer(buyer, _id, UNIT / 2);
        token.mint(miner, 1e12);
        ledger.escrow(_long, UNIT, buyer, buyer);
        token.mint(buyer, 1e12);
        vm.stopPrank();
        vm.startPrank(buyer);
        ledger.split(_long, ILedger.Axis.Component, 1, UNIT / 4);
        ledger.join(_long, ILedger.Axis.Component, 1, UNIT / 4);
        ledger.merge(_long, UNIT / 4, buyer);
        vm.stopPrank();
        pokeWith(1e22, 1e21);
        vm.prank(buyer);
        (, BoxId rest) = ledger.realise(_long, FIRST_EPOCH + 1, UNIT / 4, buyer);
        assertHas(buyer, rest, UNIT / 4);
        assertGt(token.balanceOf(buyer), 1e12);
    }

    /* VIEWS */

    function test_supportsInterface_ofErc6909() public view {
        assertTrue(ledger.supportsInterface(type(IERC165).interfaceId));
        assertTrue(ledger.supportsInterface(0x0f632fb3));
        assertTrue(ledger.supportsInterface(type(IERC6909).interfaceId));
        assertTrue(ledger.supportsInterface(type(IERC6909Metadata).interfaceId));
        assertTrue(ledger.supportsInterface(type(IERC6909TokenSupply).interfaceId));
        assertTrue(ledger.supportsInterface(type(IERC6909ContentURI).interfaceId));
        assertFalse(ledger.supportsInterface(0xffffffff));
        assertFalse(ledger.supportsInterface(0));
    }

    function test_metadata_isOfTheBox() public view {
        assertEq(ledger.name(_id), "Hash_Sand BTC#1 long subsidy+fees 2021-04-25 to 2021-05-02");
        assertEq(ledger.symbol(_id), "SAND-BTC#1-LSF-18742-18749");
        assertEq(ledger.decimals(_id), 18);
    }
}
