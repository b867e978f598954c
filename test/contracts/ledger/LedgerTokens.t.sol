// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";
import {
    FalseToken,
    FeeToken,
    GenerousToken,
    NonzeroToken,
    ReentrantToken,
    SilentToken
} from "../mocks/OddTokens.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

// Reward tokens that are not plain
// ├── takes a fee, or gives a present → escrow reverts DepositNotExact
// ├── says false → escrow reverts
// ├── says nothing → works
// ├── refuses to move nothing → a worthless position can be burned
// └── calls back while it moves → every entry point that moves cash reverts Reentered
contract LedgerTokensTest is BaseTest {
    uint128 private constant QUANTITY = 1e18;

    function test_escrow_revertsIfTokenTakesAFee() public {
        BoxId long = _use(new FeeToken());
        uint256 cash = ledger.previewEscrow(long, QUANTITY);
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.DepositNotExact.selector, cash - 1, cash));
        ledger.escrow(long, QUANTITY, miner, miner);
    }

    function test_escrow_revertsIfTokenGivesAPresent() public {
        BoxId long = _use(new GenerousToken());
        uint256 cash = ledger.previewEscrow(long, QUANTITY);
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.DepositNotExact.selector, cash + 1, cash));
        ledger.escrow(long, QUANTITY, miner, miner);
    }

    function test_escrow_revertsIfTokenSaysFalse() public {
        BoxId long = _use(new FalseToken());
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        ledger.escrow(long, QUANTITY, miner, miner);
    }

    function test_escrow_worksIfTokenSaysNothing() public {
        BoxId long = _use(new SilentToken());
        vm.startPrank(miner);
        uint256 cash = ledger.escrow(long, QUANTITY, miner, miner);
        assertEq(ledger.merge(long, QUANTITY, buyer), cash);
        assertEq(token.balanceOf(buyer), cash);
    }

    function test_redeem_burnsWhatIsWorthNothing() public {
        BoxId long = _use(new NonzeroToken());
        vm.prank(miner);
        ledger.escrow(long, QUANTITY, miner, miner);
        pokeWith(0, 0);
        vm.prank(miner);
        assertEq(ledger.redeem(long, QUANTITY, miner), 0);
        assertEq(supplyOf(long), 0);
    }

    function test_escrow_locksOutReentry() public {
        BoxId long = _use(new ReentrantToken());
        _reenters(long, abi.encodeCall(ILedger.escrow, (long, 1, miner, miner)));
        _reenters(long, abi.encodeCall(ILedger.merge, (long, 1, miner)));
        _reenters(long, abi.encodeCall(ILedger.redeem, (long, 1, miner)));
        // The lock is gone when the call is over, in the same transaction too.
        ReentrantToken(address(token)).arm(ledger, "");
        vm.prank(miner);
        ledger.merge(long, QUANTITY, miner);
    }

    function test_pay_locksOutReentry() public {
        BoxId long = _use(new ReentrantToken());
        BoxId short = ledger.mirrorOf(long);
        vm.prank(miner);
        ledger.escrow(long, QUANTITY, miner, miner);
        pokeWith(1e22, 1e21);
        ReentrantToken(address(token)).arm(ledger, abi.encodeCall(ILedger.escrow, (long, 1, miner, miner)));
        vm.prank(miner);
        ledger.merge(long, QUANTITY / 2, miner);
        assertEq(bytes4(ReentrantToken(address(token)).answer()), ILedger.Reentered.selector);
        ReentrantToken(address(token)).arm(ledger, abi.encodeCall(ILedger.merge, (long, 1, miner)));
        vm.prank(miner);
        ledger.redeem(short, QUANTITY / 2, miner);
        assertEq(bytes4(ReentrantToken(address(token)).answer()), ILedger.Reentered.selector);
    }

    function _reenters(BoxId long, bytes memory call) private {
        ReentrantToken(address(token)).arm(ledger, call);
        vm.prank(miner);
        ledger.escrow(long, QUANTITY, miner, miner);
        assertEq(bytes4(ReentrantToken(address(token)).answer()), ILedger.Reentered.selector);
    }

    /// @dev An index of one day in `odd`, and cash for the miner.
    function _use(PlainToken odd) private returns (BoxId) {
        token = odd;
        index = ledger.register(termsOf(address(token), address(source)));
        fund(miner, 1e12);
        return fullLong(1);
    }
}
