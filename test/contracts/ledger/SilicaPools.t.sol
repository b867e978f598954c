// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IRewardSource} from "../../../contracts/interfaces/IRewardSource.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";

/// @notice Like the attacker's index at block 22,146,340: a source that is also asked for its decimals, and says 31.
contract MaliciousIndex is IRewardSource {
    /// @notice Set when anybody reads it.
    bool public asked;
    uint256 public reward;

    function setReward(uint256 reward_) external {
        reward = reward_;
    }

    function decimals() external returns (uint8) {
        asked = true;
        return 31;
    }

    function currentEpoch() external pure returns (uint24) {
        return type(uint24).max;
    }

    function lastContiguousDay(uint32) external pure returns (uint24) {
        return type(uint24).max;
    }

    function settledReward(uint32, uint24) external view returns (uint256[] memory rewards) {
        rewards = new uint256[](1);
        rewards[0] = reward;
    }
}

// The theft of 1.14015390 WBTC from SilicaPools, Ethereum block 22,146,340, March 2025. The pool minted 2^128 + 1 shares, added
// them to the supply as a uint128, that is 1, asked the attacker's index for its decimals, which were 31, and paid out
// collateral × balance / supply: 340,282,368 for the 170,141,184 it had charged, out of 56,125,794 of others. Each step here:
// ├── a quantity beyond 128 bits is refused by the decoder, with its lowest bits or without
// ├── a quantity beyond the supply's slot is refused
// ├── the largest quantity there is, at the attacker's prices: charged in full, paid what was charged, others whole
// ├── the source's scale is never asked for
// └── a payout does not depend on the supply: neither a holder alone nor one among many gets more
contract SilicaPoolsTest is BaseTest {
    uint256 private constant SHARES = 2 ** 128 + 1;
    /// @dev Cap minus floor of the attacker's pool.
    uint64 private constant WIDTH = 5;
    uint256 private constant SEED = 56_125_794;
    uint256 private constant CHARGED = 170_141_184;
    uint256 private constant FAULTY_PAYOUT = 340_282_368;

    MaliciousIndex private _malicious;
    address private _attacker = makeAddr("attacker");
    BoxId private _victims;
    BoxId private _long;

    /// @dev Others' money under an index of their own, and the attacker's index in the same token.
    function setUp() public override {
        super.setUp();
        _victims = fullLong(1);
        assertEq(escrowAs(miner, _victims, 876.965_531_25e18), SEED);

        _malicious = new MaliciousIndex();
        ILedger.IndexTerms memory terms = termsOf(address(token), address(_malicious));
        terms.caps = new uint64[](1);
        terms.caps[0] = WIDTH;
        // The scale with which 2^120 shares, the most there can be, cost what the attacker's did.
        terms.tick = 25_600_000;
        vm.startPrank(_attacker);
        index = ledger.register(terms);
        _long = Boxes.pack(Box(false, 1, index, FIRST_EPOCH, FIRST_EPOCH + 1, 0, Boxes.MAX_STRIKE));
        token.approve(address(ledger), type(uint256).max);
        token.mint(_attacker, 10 * CHARGED);
        vm.stopPrank();
    }

    function test_silicaPools_sharesBeyond128BitsAreRefused() public {
        _refuses(abi.encodeWithSelector(ILedger.escrow.selector, _long, SHARES, _attacker, _attacker));
        vm.prank(_attacker);
        ledger.escrow(_long, 1, _attacker, _attacker);
        _refuses(abi.encodeWithSelector(ILedger.redeem.selector, _long, SHARES, _attacker));
        _refuses(abi.encodeWithSelector(ILedger.merge.selector, _long, SHARES, _attacker));
        _refuses(abi.encodeWithSelector(ILedger.realise.selector, _long, FIRST_EPOCH, SHARES, _attacker));
        _refuses(abi.encodeWithSelector(ILedger.split.selector, _long, ILedger.Axis.Value, 2, SHARES));
        _refuses(abi.encodeWithSelector(ILedger.join.selector, _long, ILedger.Axis.Value, 2, SHARES));
        // The transfer takes 256 bits, as the standard says, and means all of them.
        vm.prank(_attacker);
        vm.expectPartialRevert(
            bytes4(keccak256("ERC6909InsufficientBalance(address,uint256,uint256,uint256)"))
        );
        ledger.transfer(buyer, BoxId.unwrap(_long), SHARES);
        assertEq(supplyOf(_long), 1);
    }

    function test_silicaPools_sharesBeyondTheSlotAreRefused() public {
        vm.prank(_attacker);
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.SupplyTooLarge.selector, type(uint128).max, type(uint120).max)
        );
        ledger.escrow(_long, type(uint128).max, _attacker, _attacker);
    }

    /// @dev The attack with the most shares there can be: it costs what it pays, whatever the index says.
    function testFuzz_silicaPools_attackerGetsNoMoreThanHePaid(uint256 reward, uint128 shares) public {
        shares = uint128(bound(shares, 1, type(uint120).max));
        vm.startPrank(_attacker);
        uint256 charged = ledger.escrow(_long, shares, _attacker, _attacker);
        _malicious.setReward(reward);
        ledger.poke(index);
        uint256 paid = ledger.redeem(_long, shares, _attacker)
            + ledger.redeem(ledger.mirrorOf(_long), shares, _attacker);
        assertLe(paid, charged);
        assertLe(charged - paid, 2);
        _nobodyLost();
    }

    function test_silicaPools_theNumbersOfTheTheft() public {
        vm.startPrank(_attacker);
        uint256 before = token.balanceOf(_attacker);
        uint256 charged = ledger.escrow(_long, type(uint120).max, _attacker, _attacker);
        assertApproxEqRel(charged, CHARGED, 1e15);
        _malicious.setReward(type(uint256).max);
        ledger.poke(index);
        uint256 paid = ledger.redeem(_long, type(uint120).max, _attacker);
        assertLt(paid, FAULTY_PAYOUT);
        assertLe(paid, charged);
        assertLe(token.balanceOf(_attacker), before);
        assertFalse(_malicious.asked());
        _nobodyLost();
    }

    /// @dev One share, alone in the supply or one of 2^120: the same. That is what the truncated supply broke.
    function testFuzz_silicaPools_payoutIgnoresTheSupply(uint128 others, uint128 quantity, uint64 reward)
        public
    {
        quantity = uint128(bound(quantity, 1, 2 ** 119));
        others = uint128(bound(others, 1, 2 ** 119 - 1));
        vm.startPrank(_attacker);
        ledger.escrow(_long, quantity, _attacker, _attacker);
        _malicious.setReward(reward);
        uint256 snapshot = vm.snapshotState();
        ledger.poke(index);
        uint256 alone = ledger.redeem(_long, quantity, _attacker);
        vm.revertToState(snapshot);
        ledger.escrow(_long, others, buyer, buyer);
        ledger.poke(index);
        assertEq(ledger.redeem(_long, quantity, _attacker), alone);
        _nobodyLost();
    }

    /* HELPERS */

    function _refuses(bytes memory call) private {
        vm.prank(_attacker);
        (bool done, bytes memory answer) = address(ledger).call(call);
        assertFalse(done);
        // By the decoder: nothing of it was read as something smaller.
        assertEq(answer.length, 0);
    }

    /// @dev The victims' reserve is there, in tokens, and they can take it.
    function _nobodyLost() private {
        uint256 reserve = ledger.reserveOf(index - 1);
        assertEq(reserve, SEED);
        assertGe(token.balanceOf(address(ledger)), reserve + ledger.reserveOf(index));
        vm.startPrank(miner);
        ledger.merge(_victims, uint128(balanceOf(miner, _victims)), miner);
        assertEq(token.balanceOf(miner), SEED);
    }
}
