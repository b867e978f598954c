// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IOutputProposer} from "../../../contracts/interfaces/IOutputProposer.sol";
import {OutputProposer} from "../../../contracts/l1/OutputProposer.sol";
import {RecordingOracle} from "../mocks/RecordingOracle.sol";
import {Test} from "forge-std/Test.sol";

// constructor
// └── oracle without code, operator 0 → reverts
// proposeL2Output
// ├── by anybody else → reverts NotOperator
// ├── with value → reverts ValueNotAccepted
// ├── a zero root → reverts ZeroOutputRoot
// └── otherwise → the oracle gets it unchanged
// everything else
// ├── views of the oracle are answered as by the oracle, its reverts too
// └── nothing can be changed that way
contract OutputProposerTest is Test {
    address private _operator = makeAddr("operator");
    RecordingOracle private _oracle;
    OutputProposer private _proposer;

    function setUp() public {
        _oracle = new RecordingOracle();
        _proposer = new OutputProposer(address(_oracle), _operator);
        _oracle.setProposer(address(_proposer));
    }

    function test_constructor_revertsIfMalformed() public {
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.OracleHasNoCode.selector, _operator));
        new OutputProposer(_operator, _operator);
        vm.expectRevert(IOutputProposer.ZeroOperator.selector);
        new OutputProposer(address(_oracle), address(0));
    }

    function testFuzz_proposeL2Output_forwards(bytes32 root, uint256 block_, bytes32 hash, uint256 number)
        public
    {
        vm.assume(root != 0);
        vm.expectEmit(address(_oracle));
        emit RecordingOracle.Proposed(root, block_, hash, number);
        vm.prank(_operator);
        _proposer.proposeL2Output(root, block_, hash, number);
    }

    function testFuzz_proposeL2Output_revertsIfNotOperator(address caller) public {
        vm.assume(caller != _operator);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.NotOperator.selector, caller, _operator));
        _proposer.proposeL2Output(bytes32(uint256(1)), 10, 0, 0);
    }

    function testFuzz_proposeL2Output_revertsIfZeroRootOrValue(uint256 block_, uint128 value) public {
        vm.assume(value > 0);
        vm.deal(_operator, value);
        vm.startPrank(_operator);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.ZeroOutputRoot.selector, block_));
        _proposer.proposeL2Output(0, block_, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IOutputProposer.ValueNotAccepted.selector, value));
        _proposer.proposeL2Output{value: value}(bytes32(uint256(1)), block_, 0, 0);
    }

    function test_fallback_answersAsTheOracle() public {
        RecordingOracle asked = RecordingOracle(address(_proposer));
        assertEq(asked.nextBlockNumber(), 10);
        assertEq(asked.version(), "1.8.0");
        assertEq(asked.proposer(), address(_proposer));
        assertEq(asked.getL2Output(1).outputRoot, bytes32(uint256(2)));
        vm.expectRevert("no such output");
        asked.getL2Output(2);
    }

    function test_fallback_changesNothing() public {
        vm.prank(_operator);
        vm.expectRevert();
        RecordingOracle(address(_proposer)).deleteL2Outputs{gas: 100_000}(0);
        assertEq(_oracle.nextBlockNumber(), 10);
        vm.deal(address(this), 1);
        (bool done,) = address(_proposer).call{value: 1}("");
        assertFalse(done);
    }
}
