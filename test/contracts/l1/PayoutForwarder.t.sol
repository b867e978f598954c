// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPayoutForwarder} from "../../../contracts/interfaces/IPayoutForwarder.sol";
import {IPayoutForwarderFactory} from "../../../contracts/interfaces/IPayoutForwarderFactory.sol";
import {PayoutForwarderFactory} from "../../../contracts/l1/PayoutForwarderFactory.sol";
import {TestWBTC} from "../../../contracts/l1/TestWBTC.sol";
import {SilentToken} from "../mocks/OddTokens.sol";
import {RecordingBridge} from "../mocks/RecordingBridge.sol";
import {Test} from "forge-std/Test.sol";

// constructor
// └── bridge without code, a token 0, a token twice → reverts
// sweep
// ├── a token without a pair → reverts TokenNotPaired; no recipient → ZeroRecipient; nothing there → NothingToSweep
// └── otherwise → deploys the forwarder once, bridges all to its recipient, leaves no allowance
// sweepEther
// ├── nothing there → reverts NothingToSweep
// └── otherwise → bridges all, however it came: before deployment, with a 2,300 gas stipend, without a call
// the forwarder
// └── moves for nobody but its factory
// TestWBTC
// └── a faucet with a limit
contract PayoutForwarderTest is Test {
    uint32 private constant GAS_ON_L2 = 200_000;

    address private _pool = makeAddr("pool");
    address private _anyone = makeAddr("anyone");
    address private _l2Wbtc = makeAddr("L2 WBTC");
    RecordingBridge private _bridge;
    TestWBTC private _wbtc;
    SilentToken private _silent;
    PayoutForwarderFactory private _factory;

    function setUp() public {
        _bridge = new RecordingBridge();
        _wbtc = new TestWBTC();
        _silent = new SilentToken();
        IPayoutForwarderFactory.TokenPair[] memory pairs = new IPayoutForwarderFactory.TokenPair[](2);
        pairs[0] = IPayoutForwarderFactory.TokenPair(address(_wbtc), _l2Wbtc);
        pairs[1] = IPayoutForwarderFactory.TokenPair(address(_silent), makeAddr("L2 silent"));
        _factory = new PayoutForwarderFactory(address(_bridge), pairs);
    }

    function test_constructor_revertsIfMalformed() public {
        IPayoutForwarderFactory.TokenPair[] memory pairs = new IPayoutForwarderFactory.TokenPair[](2);
        vm.expectRevert(abi.encodeWithSelector(IPayoutForwarderFactory.BridgeHasNoCode.selector, _pool));
        new PayoutForwarderFactory(_pool, pairs);
        pairs[0] = IPayoutForwarderFactory.TokenPair(address(_wbtc), address(0));
        vm.expectRevert(IPayoutForwarderFactory.ZeroToken.selector);
        new PayoutForwarderFactory(address(_bridge), pairs);
        pairs[0] = IPayoutForwarderFactory.TokenPair(address(_wbtc), _l2Wbtc);
        pairs[1] = IPayoutForwarderFactory.TokenPair(address(_wbtc), _pool);
        vm.expectRevert(
            abi.encodeWithSelector(IPayoutForwarderFactory.DuplicateToken.selector, address(_wbtc))
        );
        new PayoutForwarderFactory(address(_bridge), pairs);
    }

    function testFuzz_sweep_bridgesAllToTheRecipient(address recipient, uint64 first, uint64 second) public {
        vm.assume(recipient != address(0));
        first = uint64(bound(first, 1, _wbtc.FAUCET_LIMIT()));
        second = uint64(bound(second, 1, _wbtc.FAUCET_LIMIT()));
        address forwarder = _factory.forwarderOf(recipient);
        _wbtc.faucet(forwarder, first);
        vm.expectEmit(address(_factory));
        emit IPayoutForwarderFactory.ForwarderDeployed(recipient, forwarder);
        _sweeps(recipient, forwarder, first);
        assertEq(_factory.forwarderOf(recipient), forwarder);

        _wbtc.faucet(forwarder, second);
        _sweeps(recipient, forwarder, second);
    }

    function test_sweep_worksIfTokenSaysNothing() public {
        _silent.mint(_factory.forwarderOf(_pool), 5);
        assertEq(_factory.sweep(_pool, address(_silent)), 5);
        assertEq(_silent.balanceOf(address(_bridge)), 5);
    }

    function test_sweep_revertsIfThereIsNothingToDo() public {
        vm.expectRevert(abi.encodeWithSelector(IPayoutForwarderFactory.TokenNotPaired.selector, _l2Wbtc));
        _factory.sweep(_pool, _l2Wbtc);
        address forwarder = _factory.forwarderOf(_pool);
        vm.expectRevert(abi.encodeWithSelector(IPayoutForwarderFactory.NothingToSweep.selector, forwarder));
        _factory.sweep(_pool, address(_wbtc));
        vm.expectRevert(abi.encodeWithSelector(IPayoutForwarderFactory.NothingToSweep.selector, forwarder));
        _factory.sweepEther(_pool);
        vm.expectRevert(IPayoutForwarderFactory.ZeroRecipient.selector);
        _factory.sweepEther(address(0));
        // Nobody paid for a forwarder that is not needed.
        assertEq(forwarder.code.length, 0);
    }

    function testFuzz_sweepEther_bridgesHoweverItCame(uint96 credited, uint96 sent) public {
        vm.assume(credited > 0 && sent > 0);
        address forwarder = _factory.forwarderOf(_pool);
        vm.deal(forwarder, credited);
        vm.expectEmit(address(_bridge));
        emit RecordingBridge.EtherBridged(forwarder, _pool, credited, GAS_ON_L2);
        assertEq(_factory.sweepEther(_pool), credited);

        // Now with code. A plain `transfer` gives 2,300 gas.
        vm.deal(_anyone, sent);
        vm.prank(_anyone);
        payable(forwarder).transfer(sent);
        vm.expectEmit(address(_factory));
        emit IPayoutForwarderFactory.EtherSwept(_pool, sent);
        assertEq(_factory.sweepEther(_pool), sent);
        assertEq(address(_bridge).balance, uint256(credited) + sent);
    }

    function testFuzz_forwarder_movesForItsFactoryOnly(address caller) public {
        vm.assume(caller != address(_factory));
        address payable forwarder = payable(_factory.forwarderOf(_pool));
        vm.deal(forwarder, 2);
        _factory.sweepEther(_pool);
        vm.startPrank(caller);
        vm.expectRevert(
            abi.encodeWithSelector(IPayoutForwarder.NotFactory.selector, caller, address(_factory))
        );
        IPayoutForwarder(forwarder).forwardToken(address(_wbtc), caller, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IPayoutForwarder.NotFactory.selector, caller, address(_factory))
        );
        IPayoutForwarder(forwarder).forwardEther(0);
    }

    function test_forwarder_isTheRecipientsOwn() public {
        assertTrue(_factory.forwarderOf(_pool) != _factory.forwarderOf(_anyone));
        vm.deal(_factory.forwarderOf(_pool), 1);
        _factory.sweepEther(_pool);
        IPayoutForwarder forwarder = IPayoutForwarder(payable(_factory.forwarderOf(_pool)));
        assertEq(forwarder.RECIPIENT(), _pool);
        assertEq(forwarder.BRIDGE(), address(_bridge));
        assertEq(forwarder.FACTORY(), address(_factory));
    }

    function testFuzz_faucet_hasALimit(uint256 amount) public {
        assertEq(_wbtc.decimals(), 8);
        uint256 limit = _wbtc.FAUCET_LIMIT();
        if (amount > limit) {
            vm.expectRevert(abi.encodeWithSelector(TestWBTC.FaucetLimitExceeded.selector, amount, limit));
        }
        _wbtc.faucet(_pool, amount);
        assertEq(_wbtc.balanceOf(_pool), amount > limit ? 0 : amount);
    }

    function _sweeps(address recipient, address forwarder, uint256 amount) private {
        uint256 before = _wbtc.balanceOf(address(_bridge));
        vm.expectEmit(address(_bridge));
        emit RecordingBridge.Erc20Bridged(forwarder, address(_wbtc), _l2Wbtc, recipient, amount, GAS_ON_L2);
        vm.expectEmit(address(_factory));
        emit IPayoutForwarderFactory.Swept(recipient, address(_wbtc), amount);
        vm.prank(_anyone);
        assertEq(_factory.sweep(recipient, address(_wbtc)), amount);
        assertEq(_wbtc.balanceOf(address(_bridge)) - before, amount);
        assertEq(_wbtc.balanceOf(forwarder), 0);
        assertEq(_wbtc.allowance(forwarder, address(_bridge)), 0);
    }
}
