// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IFacade} from "../../../contracts/interfaces/IFacade.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";
import {
    FalseToken,
    FeeToken,
    GenerousToken,
    LateFeeToken,
    LyingToken,
    NonzeroToken,
    RebasingToken,
    ReentrantToken,
    SilentToken,
    StoppedToken
} from "../mocks/OddTokens.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

// Reward tokens of 18, 8 and 6 decimals → exact to the base unit; nobody asks for decimals
// Reward tokens that are not plain, while an index in a plain token shares the ledger and loses nothing
// ├── takes a fee, or gives a present → escrow reverts DepositNotExact
// │   └── only later → no more escrow; payouts arrive short, and the reserve knows what left
// ├── grows → what nobody paid in is nobody's; shrinks → its own holders get what is there, the first ones first
// ├── says false → escrow reverts; only later → payouts revert and change nothing until it pays again
// ├── says nothing → works
// ├── lies about everything → its own index is worthless, as it was
// ├── refuses to move nothing → a worthless position can be burned
// └── calls back while it moves cash
//     ├── in: any verb that moves cash, alone or in a batch, of any index → reverts Reentered, until the deposit is measured
//     ├── out: any verb works, and the end is as if it had been called afterwards
//     └── cuts, transfers, approvals, facades, poke, register → work, and change no sum
contract LedgerTokensTest is BaseTest {
    uint128 private constant QUANTITY = 1e18;
    /// @dev The first of `_verbs` that move cash; the others cut and join.
    uint256 private constant CASH_VERBS = 5;

    /// @dev An index of a plain token, of which the buyer holds both sides.
    uint32 private _plainIndex;
    PlainToken private _plain;
    BoxId private _plainLong;
    uint256 private _plainCash;

    function setUp() public override {
        super.setUp();
        (_plainIndex, _plain, _plainLong) = (index, token, fullLong(2));
        _plainCash = escrowAs(buyer, _plainLong, QUANTITY);
    }

    /* DECIMALS */

    function testFuzz_escrow_isExactWhateverTheDecimals(uint8 which, uint128 quantity, uint256 share) public {
        // Wei per ether staked, satoshi per PH/s, millionths of a dollar per PH/s: a day's cap in base units of the token.
        uint256 decimals = [uint256(18), 8, 6][which % 3];
        uint64[3] memory dailyCaps = [uint64(1e14), 64_000, 60_000_000];
        ILedger.IndexTerms memory terms = termsOf(address(new PlainToken()), address(source));
        terms.tick = decimals == 18 ? 1e18 : 1e9;
        terms.caps = new uint64[](1);
        terms.caps[0] = decimals == 18 ? dailyCaps[0] : dailyCaps[which % 3] * 1e9;
        uint256 cap = dailyCaps[which % 3];
        quantity = uint128(bound(quantity, 1, 1e24));
        share = bound(share, 0, cap * 1e18);
        token = PlainToken(terms.token);
        index = ledger.register(terms);
        BoxId long = fullLong(1).withMask(1);
        BoxId short = ledger.mirrorOf(long);

        uint256 taken = escrowAs(miner, long, quantity);
        assertEq(taken, (quantity * cap + 1e18 - 1) / 1e18);
        uint256[] memory rewards = new uint256[](1);
        rewards[0] = share;
        source.set(BTC, FIRST_EPOCH, rewards);
        ledger.poke(index);
        vm.startPrank(miner);
        assertEq(ledger.redeem(long, quantity, miner), quantity * share / 1e36);
        assertEq(ledger.redeem(short, quantity, miner), quantity * (cap * 1e18 - share) / 1e36);
        assertLe(token.balanceOf(address(ledger)), 2);
        vm.stopPrank();
        _plainIsWhole();
    }

    /* FEES AND PRESENTS */

    function test_escrow_revertsIfTokenTakesAFee() public {
        BoxId long = _use(new FeeToken());
        uint256 cash = ledger.previewEscrow(long, QUANTITY);
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.DepositNotExact.selector, cash - 1, cash));
        ledger.escrow(long, QUANTITY, miner, miner);
        assertEq(supplyOf(long), 0);
    }

    function test_escrow_revertsIfTokenGivesAPresent() public {
        BoxId long = _use(new GenerousToken());
        uint256 cash = ledger.previewEscrow(long, QUANTITY);
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.DepositNotExact.selector, cash + 1, cash));
        ledger.escrow(long, QUANTITY, miner, miner);
    }

    /// @dev The fee is the receiver's: what the reserve says left is what left.
    function testFuzz_merge_arrivesShortIfTokenTakesAFeeLater(uint256 fee) public {
        fee = bound(fee, 1, 100);
        LateFeeToken late = new LateFeeToken();
        BoxId long = _use(late);
        vm.startPrank(miner);
        uint256 cash = ledger.escrow(long, QUANTITY, miner, miner);
        late.setFee(fee);
        uint256 held = token.balanceOf(address(ledger));
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.DepositNotExact.selector, held + cash - cash * fee / 100, held + cash
            )
        );
        ledger.escrow(long, QUANTITY, miner, miner);
        assertEq(ledger.merge(long, QUANTITY, anyone), cash);
        vm.stopPrank();
        assertEq(token.balanceOf(anyone), cash - cash * fee / 100);
        assertEq(token.balanceOf(address(ledger)), 0);
        assertEq(ledger.reserveOf(index), 0);
        _plainIsWhole();
    }

    /* REBASING */

    function testFuzz_merge_keepsWhatATokenGrewBy(uint256 percent) public {
        percent = bound(percent, 101, 1000);
        RebasingToken rebasing = new RebasingToken();
        BoxId long = _use(PlainToken(address(rebasing)));
        vm.startPrank(miner);
        uint256 cash = ledger.escrow(long, QUANTITY, miner, miner);
        rebasing.rebase(percent);
        assertEq(ledger.reserveOf(index), cash);
        assertGt(token.balanceOf(address(ledger)), cash);
        // Nobody can take it by merging: he gets what he paid in.
        assertEq(ledger.merge(long, QUANTITY, anyone), cash);
        assertEq(ledger.reserveOf(index), 0);
        vm.stopPrank();
        _plainIsWhole();
    }

    function testFuzz_merge_isFirstComeIfATokenShrinks(uint256 percent) public {
        percent = bound(percent, 50, 99);
        RebasingToken rebasing = new RebasingToken();
        BoxId long = _use(PlainToken(address(rebasing)));
        vm.startPrank(miner);
        uint256 cash = ledger.escrow(long, 2 * QUANTITY, miner, miner);
        rebasing.rebase(percent);
        assertEq(ledger.merge(long, QUANTITY, miner), cash / 2);
        // The second half is not all there. Nothing else makes up for it, and it can be taken in parts.
        vm.expectRevert();
        ledger.merge(long, QUANTITY, miner);
        assertEq(supplyOf(long), QUANTITY);
        uint128 part = uint128(QUANTITY * (2 * percent - 100) / 100);
        if (part > 0) ledger.merge(long, part, miner);
        vm.stopPrank();
        _plainIsWhole();
    }

    /* FALSE, SILENT, LYING */

    function test_escrow_revertsIfTokenSaysFalse() public {
        BoxId long = _use(new FalseToken());
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        ledger.escrow(long, QUANTITY, miner, miner);
        assertEq(supplyOf(long), 0);
    }

    function test_pay_changesNothingWhileTokenSaysFalse() public {
        StoppedToken stopped = new StoppedToken();
        BoxId long = _use(stopped);
        vm.prank(miner);
        uint256 cash = ledger.escrow(long, QUANTITY, miner, miner);
        pokeWith(1e22, 1e21);
        pokeWith(1e22, 1e21);
        stopped.setStopped(true);
        bytes[] memory calls = _payouts(long, 1, miner);
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(miner);
            (bool done, bytes memory reason) = address(ledger).call(calls[i]);
            assertFalse(done);
            assertEq(
                reason, abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token))
            );
        }
        assertEq(ledger.reserveOf(index), cash);
        assertEq(supplyOf(long), QUANTITY);
        _plainIsWhole();
        stopped.setStopped(false);
        vm.prank(miner);
        assertEq(ledger.merge(long, QUANTITY, miner), cash);
    }

    function test_escrow_worksIfTokenSaysNothing() public {
        BoxId long = _use(new SilentToken());
        vm.startPrank(miner);
        uint256 cash = ledger.escrow(long, QUANTITY, miner, miner);
        assertEq(ledger.merge(long, QUANTITY, buyer), cash);
        assertEq(token.balanceOf(buyer), cash);
    }

    function testFuzz_escrow_ofALyingTokenTakesNothingFromOthers(uint128 quantity) public {
        quantity = uint128(bound(quantity, 1, 1e24));
        ILedger.IndexTerms memory terms = termsOf(address(new LyingToken()), address(source));
        index = ledger.register(terms);
        BoxId long = fullLong(2);
        vm.startPrank(anyone);
        uint256 cash = ledger.escrow(long, quantity, anyone, anyone);
        assertEq(ledger.reserveOf(index), cash);
        ledger.merge(long, quantity, anyone);
        assertEq(_plain.balanceOf(anyone), 0);
        vm.stopPrank();
        _plainIsWhole();
    }

    function test_redeem_burnsWhatIsWorthNothing() public {
        BoxId long = _use(new NonzeroToken());
        vm.prank(miner);
        ledger.escrow(long, QUANTITY, miner, miner);
        pokeWith(0, 0);
        pokeWith(0, 0);
        vm.startPrank(miner);
        (uint256 cash,) = ledger.realise(long, FIRST_EPOCH + 1, 1, miner);
        assertEq(cash, 0);
        BoxId[] memory ids = new BoxId[](1);
        uint128[] memory quantities = new uint128[](1);
        (ids[0], quantities[0]) = (long, 1);
        assertEq(ledger.redeemMany(ids, quantities, miner), 0);
        assertEq(ledger.redeem(long, QUANTITY - 2, miner), 0);
        assertEq(supplyOf(long), 0);
    }

    /* RE-ENTRY */

    /// @dev A deposit is being measured, and the token tries any verb that moves cash, with positions of its own that would allow it.
    function test_reentry_whileADepositIsMeasuredIsRejected() public {
        (BoxId long, bytes[] memory outer) = _reentrant();
        bytes memory escrow = outer[4];
        bytes[] memory inner = _verbs(long, address(token));
        for (uint256 i = 0; i < CASH_VERBS; i++) {
            _isRejected(escrow, inner[i]);
            bytes[] memory batch = new bytes[](1);
            batch[0] = inner[i];
            _isRejected(escrow, abi.encodeCall(ledger.multicall, (batch)));
        }
        // The lock is gone when the call is over, in the same transaction too.
        ReentrantToken(address(token)).arm(address(ledger), "");
        vm.prank(miner);
        (bool done,) = address(ledger).call(escrow);
        assertTrue(done);
        for (uint256 i = 0; i < inner.length; i++) {
            vm.prank(address(token));
            (done,) = address(ledger).call(inner[i]);
            assertTrue(done);
        }
        _plainIsWhole();
    }

    /// @dev Also into another index, whose token has done nothing.
    function test_reentry_intoAnotherIndexIsRejected() public {
        (, bytes[] memory outer) = _reentrant();
        vm.prank(buyer);
        ledger.transfer(address(token), BoxId.unwrap(_plainLong), QUANTITY);
        uint32 odd = index;
        index = _plainIndex;
        pokeWith(1e22, 1e21);
        pokeWith(1e22, 1e21);
        index = odd;
        _isRejected(outer[4], abi.encodeCall(ILedger.redeem, (_plainLong, QUANTITY, anyone)));
    }

    /// @dev A payment ends its verb: whatever the token calls meanwhile finds everything as it will be.
    function test_reentry_whileCashIsPaidIsAsIfAfterwards() public {
        (BoxId long, bytes[] memory outer) = _reentrant();
        bytes[] memory inner = _verbs(long, address(token));
        for (uint256 o = 0; o < 4; o++) {
            for (uint256 i = 0; i < inner.length; i++) {
                uint256 snapshot = vm.snapshotState();
                bytes32 afterwards = _stateAfter(outer[o], inner[i], long, false);
                vm.revertToState(snapshot);
                assertEq(_stateAfter(outer[o], inner[i], long, true), afterwards);
                assertEq(ReentrantToken(address(token)).entered(), 1);
                vm.revertToState(snapshot);
            }
        }
        _plainIsWhole();
    }

    /// @dev What moves no cash is allowed meanwhile, and every sum is as if it had been done before or after.
    function test_reentry_intoWhatMovesNoCashIsHarmless() public {
        (BoxId long, bytes[] memory outer) = _reentrant();
        uint256 id = BoxId.unwrap(long);
        address facade = ledger.deployFacade(long);
        bytes[] memory inner = new bytes[](8);
        inner[0] = abi.encodeCall(IERC6909.transfer, (anyone, id, 1));
        inner[1] = abi.encodeCall(IERC6909.transferFrom, (address(token), anyone, id, 1));
        inner[2] = abi.encodeCall(IERC6909.approve, (anyone, id, 1));
        inner[3] = abi.encodeCall(IERC6909.setOperator, (anyone, true));
        inner[4] = abi.encodeCall(ILedger.poke, (_plainIndex));
        inner[5] = abi.encodeCall(ILedger.register, (termsOf(address(token), address(source))));
        inner[6] = abi.encodeCall(IERC20.transfer, (anyone, 1));
        bytes[] memory cutAndUndone = new bytes[](2);
        (cutAndUndone[0], cutAndUndone[1]) = (_verbs(long, anyone)[5], _verbs(long, anyone)[6]);
        inner[7] = abi.encodeCall(ledger.multicall, (cutAndUndone));
        source.set(BTC, FIRST_EPOCH, new uint256[](2));
        for (uint256 o = 0; o < outer.length; o++) {
            for (uint256 i = 0; i < inner.length; i++) {
                uint256 snapshot = vm.snapshotState();
                uint256 alone = _doneAlone(outer[o], id);
                vm.revertToState(snapshot);
                address target = i == 6 ? facade : address(ledger);
                ReentrantToken(address(token)).arm(target, inner[i]);
                uint256 supply = _doneAlone(outer[o], id);
                assertEq(ReentrantToken(address(token)).entered(), 1);
                assertEq(supply, alone);
                assertEq(IFacade(facade).totalSupply(), supply);
                vm.revertToState(snapshot);
            }
        }
        _plainIsWhole();
    }

    /* HELPERS */

    /// @dev The verbs that pay out one unit of a matured box, of which `to` has both sides.
    function _payouts(BoxId long, uint128 quantity, address to) private view returns (bytes[] memory calls) {
        BoxId[] memory ids = new BoxId[](1);
        uint128[] memory quantities = new uint128[](1);
        (ids[0], quantities[0]) = (ledger.mirrorOf(long), quantity * 1e15);
        calls = new bytes[](4);
        calls[0] = abi.encodeCall(ILedger.merge, (long, quantity * 1e15, to));
        calls[1] = abi.encodeCall(ILedger.redeem, (long, quantity * 1e15, to));
        calls[2] = abi.encodeCall(ILedger.realise, (long, FIRST_EPOCH + 1, quantity * 1e15, to));
        calls[3] = abi.encodeCall(ILedger.redeemMany, (ids, quantities, to));
    }

    /// @dev All verbs, each of which would succeed for `who` if nothing held it up.
    function _verbs(BoxId long, address who) private view returns (bytes[] memory calls) {
        bytes[] memory payouts = _payouts(long, 1, who);
        calls = new bytes[](7);
        for (uint256 i = 0; i < 4; i++) {
            calls[i] = payouts[i];
        }
        calls[4] = abi.encodeCall(ILedger.escrow, (long, 1, who, who));
        calls[5] = abi.encodeCall(ILedger.split, (long, ILedger.Axis.Value, 5, 1));
        calls[6] = abi.encodeCall(ILedger.join, (long, ILedger.Axis.Value, 5, 1));
    }

    /// @dev A matured index in a token that calls back; the miner and the token itself hold both sides and some parts.
    function _reentrant() private returns (BoxId long, bytes[] memory outer) {
        long = _use(new ReentrantToken());
        address odd = address(token);
        fund(odd, 1e12);
        vm.prank(miner);
        ledger.escrow(long, QUANTITY, miner, miner);
        vm.startPrank(odd);
        ledger.escrow(long, QUANTITY, odd, odd);
        ledger.split(long, ILedger.Axis.Value, 5, 1e9);
        vm.stopPrank();
        pokeWith(1e22, 1e21);
        pokeWith(1e22, 1e21);
        bytes[] memory payouts = _payouts(long, 1, miner);
        outer = new bytes[](5);
        for (uint256 i = 0; i < 4; i++) {
            outer[i] = payouts[i];
        }
        outer[4] = abi.encodeCall(ILedger.escrow, (long, 1e15, miner, miner));
    }

    function _isRejected(bytes memory outer, bytes memory inner) private {
        uint256 snapshot = vm.snapshotState();
        ReentrantToken(address(token)).arm(address(ledger), inner);
        vm.prank(miner);
        (bool done,) = address(ledger).call(outer);
        assertTrue(done);
        assertEq(ReentrantToken(address(token)).entered(), 0);
        assertEq(ReentrantToken(address(token)).answer(), abi.encodeWithSelector(ILedger.Reentered.selector));
        vm.revertToState(snapshot);
    }

    /// @dev Of one call and another, within it or after it.
    function _stateAfter(bytes memory outer, bytes memory inner, BoxId long, bool within)
        private
        returns (bytes32 state)
    {
        ReentrantToken(address(token)).arm(address(ledger), within ? inner : bytes(""));
        vm.prank(miner);
        (bool done,) = address(ledger).call(outer);
        assertTrue(done);
        if (!within) {
            vm.prank(address(token));
            (done,) = address(ledger).call(inner);
            assertTrue(done);
        }
        assertEq(token.balanceOf(address(ledger)), ledger.reserveOf(index));
        (BoxId lower, BoxId upper) = ledger.partsOf(long, ILedger.Axis.Value, 5);
        (, BoxId rest) = ledger.previewRealise(long, FIRST_EPOCH + 1, 1);
        BoxId[5] memory ids = [long, ledger.mirrorOf(long), lower, upper, rest];
        for (uint256 i = 0; i < ids.length; i++) {
            uint256 held = balanceOf(miner, ids[i]) + balanceOf(address(token), ids[i]);
            assertEq(supplyOf(ids[i]), held);
            state = keccak256(abi.encode(state, balanceOf(miner, ids[i]), held));
        }
        state = keccak256(abi.encode(state, token.balanceOf(miner), token.balanceOf(address(token))));
    }

    /// @return supply After it; the balances add up to it and the reserve is there in tokens.
    function _doneAlone(bytes memory outer, uint256 id) private returns (uint256 supply) {
        vm.prank(miner);
        (bool done,) = address(ledger).call(outer);
        assertTrue(done);
        supply = ledger.totalSupply(id);
        uint256 held =
            ledger.balanceOf(miner, id) + ledger.balanceOf(address(token), id) + ledger.balanceOf(anyone, id);
        assertEq(held, supply);
        assertEq(token.balanceOf(address(ledger)), ledger.reserveOf(index));
    }

    /// @dev An index of two days in `odd`, and cash for the miner.
    function _use(PlainToken odd) private returns (BoxId) {
        token = odd;
        index = ledger.register(termsOf(address(token), address(source)));
        fund(miner, 1e12);
        return fullLong(2);
    }

    /// @dev What happened elsewhere, the buyer takes out what he paid in.
    function _plainIsWhole() private {
        assertEq(ledger.reserveOf(_plainIndex), _plainCash);
        assertEq(_plain.balanceOf(address(ledger)), _plainCash);
        vm.prank(buyer);
        assertEq(ledger.merge(_plainLong, QUANTITY, buyer), _plainCash);
        assertEq(_plain.balanceOf(buyer), _plainCash);
    }
}
