// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDepositWithGas} from "../../../contracts/interfaces/IDepositWithGas.sol";
import {IPayoutForwarderFactory} from "../../../contracts/interfaces/IPayoutForwarderFactory.sol";
import {DepositWithGas} from "../../../contracts/l1/DepositWithGas.sol";
import {PayoutForwarderFactory} from "../../../contracts/l1/PayoutForwarderFactory.sol";
import {
    FalseToken,
    FeeToken,
    LateFeeToken,
    LyingToken,
    ReentrantToken,
    SilentToken
} from "../mocks/OddTokens.sol";
import {PermitToken} from "../mocks/PermitToken.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {RecordingBridge} from "../mocks/RecordingBridge.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Test} from "forge-std/Test.sol";

// constructor
// └── factory without code → reverts
// deposit
// ├── a token without a pair, no recipient, no coins, no ether → reverts
// ├── not allowed, or not the caller's own → reverts, and nothing has moved
// ├── a fee on either way, a lie, a no → reverts, and nothing has moved
// └── otherwise → ether first, then the coins, all of both, to the recipient; nothing stays, no allowance either
//     ├── whatever was here before stays as it was
//     ├── an allowance of everything is taken back
//     └── a token that calls back nests a whole deposit, or nothing
// depositWithPermit
// ├── signed by the caller → as above, without an allowance before
// ├── used up by somebody else before → as above
// ├── a token without a pair → reverts before it is called
// └── of somebody else, for less, too late, or of a token that has none → the allowance decides
//
// The real bridge, through to L2: test/bridge/depositWithGas.test.ts.
contract DepositWithGasTest is Test {
    uint32 private constant GAS_ON_L2 = 200_000;
    uint256 private constant OWNER_KEY = 0xA11CE;
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    address private _owner = vm.addr(OWNER_KEY);
    address private _recipient = makeAddr("recipient");
    address private _thief = makeAddr("thief");
    RecordingBridge private _bridge;
    PlainToken private _plain;
    PermitToken private _permit;
    DepositWithGas private _deposits;

    function setUp() public {
        _bridge = new RecordingBridge();
        _plain = new PlainToken();
        _permit = new PermitToken();
        address[] memory tokens = new address[](2);
        (tokens[0], tokens[1]) = (address(_plain), address(_permit));
        _deposits = _over(tokens);
        vm.deal(_owner, type(uint128).max);
    }

    function test_constructor_revertsIfFactoryHasNoCode() public {
        vm.expectRevert(abi.encodeWithSelector(IDepositWithGas.FactoryHasNoCode.selector, _owner));
        new DepositWithGas(_owner);
        assertEq(_deposits.BRIDGE(), address(_bridge));
    }

    function testFuzz_deposit_bridgesAllOfBothToTheRecipient(
        address recipient,
        uint256 amount,
        uint128 etherAmount
    ) public {
        vm.assume(recipient != address(0) && amount > 0 && etherAmount > 0);
        _plain.mint(_owner, amount);
        vm.startPrank(_owner);
        _plain.approve(address(_deposits), amount);
        vm.expectEmit(address(_deposits));
        emit IDepositWithGas.DepositedWithGas(_owner, recipient, address(_plain), amount, etherAmount);
        vm.expectEmit(address(_bridge));
        emit RecordingBridge.EtherBridged(address(_deposits), recipient, etherAmount, GAS_ON_L2);
        vm.expectEmit(address(_bridge));
        emit RecordingBridge.Erc20Bridged(
            address(_deposits), address(_plain), _l2Of(address(_plain)), recipient, amount, GAS_ON_L2
        );
        _deposits.deposit{value: etherAmount}(address(_plain), recipient, amount);
        assertEq(_plain.balanceOf(address(_bridge)), amount);
        assertEq(address(_bridge).balance, etherAmount);
        _nothingStays(_plain);
    }

    /// @dev PlainToken takes an allowance of everything for an endless one.
    function test_deposit_takesBackAnAllowanceOfEverything() public {
        uint256 everything = type(uint256).max;
        _plain.mint(_owner, everything);
        vm.startPrank(_owner);
        _plain.approve(address(_deposits), everything);
        _deposits.deposit{value: 1}(address(_plain), _recipient, everything);
        _nothingStays(_plain);
    }

    function testFuzz_deposit_leavesWhatWasSentHereByMistake(uint128 coins, uint128 stray, uint128 amount)
        public
    {
        vm.assume(amount > 0);
        _plain.mint(address(_deposits), coins);
        vm.deal(address(_deposits), stray);
        _allowed(_plain, amount);
        vm.prank(_owner);
        _deposits.deposit{value: 7}(address(_plain), _recipient, amount);
        assertEq(_plain.balanceOf(address(_deposits)), coins);
        assertEq(address(_deposits).balance, stray);
        assertEq(_plain.balanceOf(address(_bridge)), amount);
        assertEq(address(_bridge).balance, 7);
    }

    function test_deposit_revertsIfSomethingIsMissing() public {
        _allowed(_plain, 5);
        vm.startPrank(_owner);
        vm.expectRevert(abi.encodeWithSelector(IDepositWithGas.TokenNotPaired.selector, _recipient));
        _deposits.deposit{value: 1}(_recipient, _recipient, 5);
        vm.expectRevert(IDepositWithGas.ZeroRecipient.selector);
        _deposits.deposit{value: 1}(address(_plain), address(0), 5);
        vm.expectRevert(IDepositWithGas.ZeroAmount.selector);
        _deposits.deposit{value: 1}(address(_plain), _recipient, 0);
        vm.expectRevert(IDepositWithGas.NoEther.selector);
        _deposits.deposit(address(_plain), _recipient, 5);
        vm.stopPrank();
        _nothingMoved(_plain, 5);
        // Ether by itself is not taken.
        (bool taken,) = address(_deposits).call{value: 1}("");
        assertFalse(taken);
    }

    function testFuzz_deposit_movesNobodyElsesCoins(address caller, uint128 amount) public {
        vm.assume(
            caller != _owner && caller != address(_bridge) && caller != address(_deposits) && amount > 0
        );
        _allowed(_plain, amount);
        vm.deal(caller, 1);
        vm.prank(caller);
        vm.expectRevert();
        _deposits.deposit{value: 1}(address(_plain), caller, amount);
        _nothingMoved(_plain, amount);
    }

    function test_deposit_revertsIfTokenIsNoPlainOne() public {
        FeeToken fee = new FeeToken();
        _refuses(fee, abi.encodeWithSelector(IDepositWithGas.NotAllArrived.selector, fee, 99, 100));
        FalseToken no = new FalseToken();
        _refuses(no, "");
        LateFeeToken late = new LateFeeToken();
        late.setFee(3);
        _refuses(late, abi.encodeWithSelector(IDepositWithGas.NotAllArrived.selector, late, 97, 100));
    }

    /// @dev Coins that lie here are no help to a token that keeps a fee, and one that charges on the second way only is found there.
    function test_deposit_revertsIfTheFeeIsTakenOnTheSecondWay() public {
        SecondWayFeeToken fee = new SecondWayFeeToken(address(_bridge));
        fee.mint(address(_deposits), 1000);
        _refuses(fee, abi.encodeWithSelector(IDepositWithGas.NotAllBridged.selector, fee, 99, 100));
    }

    function test_deposit_revertsIfTokenLies() public {
        LyingToken lie = new LyingToken();
        DepositWithGas deposits = _over(_one(address(lie)));
        vm.prank(_owner);
        // It has no allowance to give, and so never gets to its lie.
        vm.expectRevert();
        deposits.deposit{value: 1}(address(lie), _recipient, 100);
    }

    function test_deposit_worksIfTokenSaysNothing() public {
        SilentToken silent = new SilentToken();
        DepositWithGas deposits = _over(_one(address(silent)));
        silent.mint(_owner, 5);
        vm.startPrank(_owner);
        silent.approve(address(deposits), 5);
        deposits.deposit{value: 1}(address(silent), _recipient, 5);
        assertEq(silent.balanceOf(address(_bridge)), 5);
        assertEq(silent.allowance(address(deposits), address(_bridge)), 0);
    }

    /// @dev A deposit in the middle of another: with the thief's own coins, so both are whole; never with those of the outer one.
    function testFuzz_deposit_callingBackGainsNothing(uint64 amount, uint64 inner) public {
        amount = uint64(bound(amount, 1, type(uint64).max));
        ReentrantToken token = new ReentrantToken();
        DepositWithGas deposits = _over(_one(address(token)));
        token.mint(_owner, amount);
        // The token itself is the thief: it calls, so it is the sender within.
        token.mint(address(token), inner);
        vm.deal(address(token), 10);
        vm.prank(address(token));
        token.approve(address(deposits), inner);
        token.arm(address(deposits), abi.encodeCall(deposits.deposit, (address(token), _thief, inner)));
        vm.startPrank(_owner);
        token.approve(address(deposits), amount);
        deposits.deposit{value: 1}(address(token), _recipient, amount);
        // It sends no ether along, so nothing comes through from within.
        assertEq(token.entered(), 0);
        assertEq(token.balanceOf(address(_bridge)), amount);
        assertEq(token.balanceOf(address(deposits)), 0);
        assertEq(token.balanceOf(address(token)), inner);
    }

    function testFuzz_deposit_nestedDepositsAreBothWhole(uint64 amount, uint64 inner) public {
        amount = uint64(bound(amount, 1, type(uint64).max));
        inner = uint64(bound(inner, 1, type(uint64).max));
        NestingToken token = new NestingToken();
        DepositWithGas deposits = _over(_one(address(token)));
        token.mint(_owner, amount);
        token.mint(address(token), inner);
        vm.deal(address(token), 10);
        token.arm(deposits, _thief, inner);
        vm.startPrank(_owner);
        token.approve(address(deposits), amount);
        try deposits.deposit{value: 1}(address(token), _recipient, amount) {
            assertEq(token.balanceOf(address(_bridge)), uint256(amount) + inner);
            assertEq(token.balanceOf(_owner), 0);
        } catch {
            // The inner one took the allowance of the outer one's second move: all of it is undone.
            assertEq(token.balanceOf(address(_bridge)), 0);
            assertEq(token.balanceOf(_owner), amount);
        }
        assertEq(token.balanceOf(address(deposits)), 0);
        assertEq(token.allowance(address(deposits), address(_bridge)), 0);
    }

    /* PERMITS */

    function testFuzz_depositWithPermit_needsNoAllowance(uint128 amount, bool usedBefore) public {
        vm.assume(amount > 0);
        _permit.mint(_owner, amount);
        IDepositWithGas.Permit memory permit = _signed(amount, block.timestamp);
        if (usedBefore) {
            vm.prank(_thief);
            _permit.permit(_owner, address(_deposits), amount, block.timestamp, permit.v, permit.r, permit.s);
        }
        vm.prank(_owner);
        _deposits.depositWithPermit{value: 3}(address(_permit), _recipient, amount, permit);
        assertEq(_permit.balanceOf(address(_bridge)), amount);
        assertEq(_permit.allowance(_owner, address(_deposits)), 0);
        assertEq(_permit.allowance(address(_deposits), address(_bridge)), 0);
    }

    function test_depositWithPermit_ofSomebodyElseAllowsNothing() public {
        _permit.mint(_owner, 9);
        IDepositWithGas.Permit memory permit = _signed(9, block.timestamp);
        vm.deal(_thief, 1);
        vm.prank(_thief);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(_deposits), 0, 9)
        );
        _deposits.depositWithPermit{value: 1}(address(_permit), _thief, 9, permit);
    }

    function test_depositWithPermit_revertsIfItIsForLessOrTooLate() public {
        _permit.mint(_owner, 9);
        IDepositWithGas.Permit memory less = _signed(8, block.timestamp);
        IDepositWithGas.Permit memory late = _signed(9, block.timestamp - 1);
        vm.startPrank(_owner);
        vm.expectRevert();
        _deposits.depositWithPermit{value: 1}(address(_permit), _recipient, 9, less);
        vm.expectRevert();
        _deposits.depositWithPermit{value: 1}(address(_permit), _recipient, 9, late);
        assertEq(_permit.balanceOf(_owner), 9);
    }

    function test_depositWithPermit_callsNoStranger() public {
        IDepositWithGas.Permit memory none;
        vm.expectCall(_thief, "", 0);
        vm.prank(_owner);
        vm.expectRevert(abi.encodeWithSelector(IDepositWithGas.TokenNotPaired.selector, _thief));
        _deposits.depositWithPermit{value: 1}(_thief, _recipient, 4, none);
    }

    function test_depositWithPermit_takesAnAllowanceIfTheTokenHasNoPermits() public {
        _allowed(_plain, 4);
        IDepositWithGas.Permit memory none;
        vm.prank(_owner);
        _deposits.depositWithPermit{value: 1}(address(_plain), _recipient, 4, none);
        assertEq(_plain.balanceOf(address(_bridge)), 4);
    }

    /* INTERNALS */

    function _over(address[] memory tokens) private returns (DepositWithGas) {
        IPayoutForwarderFactory.TokenPair[] memory pairs =
            new IPayoutForwarderFactory.TokenPair[](tokens.length);
        for (uint256 i = 0; i < tokens.length; i++) {
            pairs[i] = IPayoutForwarderFactory.TokenPair(tokens[i], _l2Of(tokens[i]));
        }
        return new DepositWithGas(address(new PayoutForwarderFactory(address(_bridge), pairs)));
    }

    function _one(address token) private pure returns (address[] memory tokens) {
        tokens = new address[](1);
        tokens[0] = token;
    }

    function _l2Of(address l1Token) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(l1Token)))));
    }

    function _allowed(PlainToken token, uint256 amount) private {
        token.mint(_owner, amount);
        vm.prank(_owner);
        token.approve(address(_deposits), amount);
    }

    /// @dev Of 100 coins. Nothing has moved afterwards, the ether neither.
    function _refuses(PlainToken token, bytes memory reason) private {
        DepositWithGas deposits = _over(_one(address(token)));
        // What lies at one contract of this test lies at this one too.
        token.mint(address(deposits), token.balanceOf(address(_deposits)));
        token.mint(_owner, 100);
        uint256 etherBefore = _owner.balance;
        vm.startPrank(_owner);
        token.approve(address(deposits), 100);
        if (reason.length > 0) vm.expectRevert(reason);
        else vm.expectRevert();
        deposits.deposit{value: 1}(address(token), _recipient, 100);
        vm.stopPrank();
        assertEq(token.balanceOf(_owner), 100);
        assertEq(_owner.balance, etherBefore);
        assertEq(address(_bridge).balance, 0);
    }

    function _nothingStays(PlainToken token) private view {
        assertEq(token.balanceOf(address(_deposits)), 0);
        assertEq(token.allowance(address(_deposits), address(_bridge)), 0);
        assertEq(address(_deposits).balance, 0);
    }

    function _nothingMoved(PlainToken token, uint256 amount) private view {
        assertEq(token.balanceOf(_owner), amount);
        assertEq(token.balanceOf(address(_bridge)), 0);
        assertEq(address(_bridge).balance, 0);
        _nothingStays(token);
    }

    function _signed(uint256 value, uint256 deadline)
        private
        view
        returns (IDepositWithGas.Permit memory permit)
    {
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, _owner, address(_deposits), value, _permit.nonces(_owner), deadline)
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", _permit.DOMAIN_SEPARATOR(), structHash));
        (permit.value, permit.deadline) = (value, deadline);
        (permit.v, permit.r, permit.s) = vm.sign(OWNER_KEY, digest);
    }
}

/// @notice Keeps one base unit of what one account is sent.
contract SecondWayFeeToken is PlainToken {
    address private immutable PAYER;

    constructor(address payer) {
        PAYER = payer;
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        if (to == PAYER) balanceOf[to] -= 1;
        return true;
    }
}

/// @notice Makes a deposit of its own in the middle of every first move.
contract NestingToken is PlainToken {
    DepositWithGas private _deposits;
    address private _to;
    uint256 private _amount;

    function arm(DepositWithGas deposits, address to, uint256 amount) external {
        (_deposits, _to, _amount) = (deposits, to, amount);
        allowance[address(this)][address(deposits)] = amount;
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        uint256 inner = _amount;
        _amount = 0;
        if (inner > 0) _deposits.deposit{value: 1}(address(this), _to, inner);
        return true;
    }
}
