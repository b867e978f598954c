// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPayoutForwarderFactory} from "../../../contracts/interfaces/IPayoutForwarderFactory.sol";
import {DepositWithGas} from "../../../contracts/l1/DepositWithGas.sol";
import {PayoutForwarderFactory} from "../../../contracts/l1/PayoutForwarderFactory.sol";
import {LateFeeToken, ReentrantToken} from "../mocks/OddTokens.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {RecordingBridge} from "../mocks/RecordingBridge.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Three accounts deposit three tokens, fairly and not, and leave presents. Keeps what should be where.
contract DepositWithGasHandler is Test {
    RecordingBridge public immutable BRIDGE = new RecordingBridge();
    DepositWithGas public immutable DEPOSITS;
    PlainToken[3] public tokens;
    /// @notice What was sent to the contract without a deposit.
    mapping(PlainToken token => uint256) public presents;
    uint256 public etherPresents;
    mapping(PlainToken token => uint256) public deposited;
    mapping(PlainToken token => uint256) public minted;
    uint256 public etherDeposited;
    uint256 public came;

    constructor() {
        tokens = [new PlainToken(), new LateFeeToken(), new ReentrantToken()];
        IPayoutForwarderFactory.TokenPair[] memory pairs = new IPayoutForwarderFactory.TokenPair[](3);
        for (uint256 i = 0; i < 3; i++) {
            pairs[i] = IPayoutForwarderFactory.TokenPair(address(tokens[i]), vm.addr(i + 1));
        }
        DEPOSITS = new DepositWithGas(address(new PayoutForwarderFactory(address(BRIDGE), pairs)));
    }

    function deposit(uint256 who, uint256 which, uint128 amount, uint64 etherAmount, bool everything)
        external
    {
        (address sender, PlainToken token) = (account(who), tokens[which % 3]);
        _give(token, sender, amount);
        vm.deal(sender, etherAmount);
        vm.prank(sender);
        token.approve(address(DEPOSITS), everything ? type(uint256).max : amount);
        uint256 had = token.balanceOf(sender);
        uint256 fee = which % 3 == 1 ? uint256(amount) * LateFeeToken(address(token)).feePercent() / 100 : 0;
        bool isFair = amount > 0 && etherAmount > 0 && fee == 0;
        vm.prank(sender);
        try DEPOSITS.deposit{value: etherAmount}(address(token), account(who % 3 + 1), amount) {
            assertTrue(isFair);
            assertEq(token.balanceOf(sender), had - amount);
            deposited[token] += amount;
            etherDeposited += etherAmount;
            came++;
        } catch {
            assertFalse(isFair);
            assertEq(token.balanceOf(sender), had);
            assertEq(sender.balance, etherAmount);
        }
    }

    /// @dev Somebody spends what others have allowed.
    function steal(uint256 who, uint256 which, uint128 amount) external {
        vm.assume(amount > 0);
        (address victim, PlainToken token) = (account(who), tokens[which % 3]);
        _give(token, victim, amount);
        vm.prank(victim);
        token.approve(address(DEPOSITS), type(uint256).max);
        address thief = makeAddr("thief");
        vm.deal(thief, 1);
        vm.prank(thief);
        try DEPOSITS.deposit{value: 1}(address(token), thief, amount) {
            assertTrue(false);
        } catch {}
    }

    function present(uint256 which, uint128 amount, uint64 etherAmount) external {
        PlainToken token = tokens[which % 3];
        token.mint(address(DEPOSITS), amount);
        presents[token] += amount;
        minted[token] += amount;
        etherPresents += etherAmount;
        vm.deal(address(DEPOSITS), address(DEPOSITS).balance + etherAmount);
    }

    function setFee(uint8 percent) external {
        LateFeeToken(address(tokens[1])).setFee(percent % 4);
    }

    function arm(uint64 amount, bool armed) external {
        ReentrantToken(address(tokens[2]))
            .arm(
                address(DEPOSITS),
                armed ? abi.encodeCall(DEPOSITS.deposit, (address(tokens[2]), account(0), amount)) : bytes("")
            );
    }

    function account(uint256 which) public pure returns (address) {
        return vm.addr(1 + which % 3);
    }

    function _give(PlainToken token, address to, uint256 amount) private {
        token.mint(to, amount);
        minted[token] += amount;
    }
}

// The sentences are in test/contracts/README.md, under the numbers below.
contract DepositWithGasInvariants is Test {
    DepositWithGasHandler private _handler;

    function setUp() public {
        _handler = new DepositWithGasHandler();
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = DepositWithGasHandler.deposit.selector;
        selectors[1] = DepositWithGasHandler.steal.selector;
        selectors[2] = DepositWithGasHandler.present.selector;
        selectors[3] = DepositWithGasHandler.setFee.selector;
        selectors[4] = DepositWithGasHandler.arm.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev D-P1, D-P2 and D-P3
    function invariant_nothingStaysAndAllThatWasDepositedIsBridged() public view {
        DepositWithGas deposits = _handler.DEPOSITS();
        address bridge = address(_handler.BRIDGE());
        assertEq(address(deposits).balance, _handler.etherPresents());
        assertEq(bridge.balance, _handler.etherDeposited());
        for (uint256 i = 0; i < 3; i++) {
            PlainToken token = _handler.tokens(i);
            assertEq(token.balanceOf(address(deposits)), _handler.presents(token));
            assertEq(token.allowance(address(deposits), bridge), 0);
            assertEq(token.balanceOf(bridge), _handler.deposited(token));
            uint256 sum = token.balanceOf(bridge) + token.balanceOf(address(deposits));
            for (uint256 who = 0; who < 3; who++) {
                sum += token.balanceOf(_handler.account(who));
            }
            assertEq(sum, _handler.minted(token));
        }
    }

    function test_handler_depositsComeThrough() public {
        _handler.deposit(0, 0, 5, 1, true);
        _handler.deposit(1, 1, 5, 1, false);
        _handler.arm(3, true);
        _handler.deposit(2, 2, 5, 1, false);
        assertEq(_handler.came(), 3);
        _handler.setFee(3);
        _handler.deposit(1, 1, 100, 1, false);
        assertEq(_handler.came(), 3);
    }
}
