// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file take any bits of a seed.
// forge-lint: disable-start(unsafe-typecast)

import {SignerBonds} from "../../../contracts/oracle/SignerBonds.sol";
import {SignerBondsHandler} from "./SignerBondsHandler.sol";
import {Test} from "forge-std/Test.sol";

// The sentences are in test/contracts/README.md, under the numbers below.
/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract SignerBondsInvariants is Test {
    SignerBondsHandler private _handler;
    SignerBonds private _bonds;
    uint256 private _burnedBefore;

    function setUp() public {
        _handler = new SignerBondsHandler();
        _bonds = _handler.bonds();
        _burnedBefore = address(0).balance;
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), _verbs()));
    }

    /// @dev Proving and waiting twice, so that there is something to accuse of; settling three times, because it is
    ///      right the least often; funding, so that there is to lose.
    function _verbs() private pure returns (bytes4[] memory verbs) {
        verbs = new bytes4[](17);
        verbs[0] = SignerBondsHandler.fund.selector;
        verbs[1] = SignerBondsHandler.fund.selector;
        verbs[2] = SignerBondsHandler.equivocate.selector;
        verbs[3] = SignerBondsHandler.accuseOverProven.selector;
        verbs[4] = SignerBondsHandler.accuseOverAnother.selector;
        verbs[5] = SignerBondsHandler.accuseOverAnother.selector;
        verbs[6] = SignerBondsHandler.defend.selector;
        verbs[7] = SignerBondsHandler.settle.selector;
        verbs[8] = SignerBondsHandler.withdraw.selector;
        verbs[9] = SignerBondsHandler.claim.selector;
        verbs[10] = SignerBondsHandler.changeSigners.selector;
        verbs[11] = SignerBondsHandler.prove.selector;
        verbs[12] = SignerBondsHandler.prove.selector;
        verbs[13] = SignerBondsHandler.pass.selector;
        verbs[14] = SignerBondsHandler.pass.selector;
        verbs[15] = SignerBondsHandler.settle.selector;
        verbs[16] = SignerBondsHandler.settle.selector;
    }

    /// @dev A handler that does nothing proves nothing.
    function test_handler_everyVerbComesThrough() public {
        bytes4[] memory verbs = _verbs();
        uint256[11] memory done;
        uint256 fresh = vm.snapshotState();
        for (uint256 run = 0; run < 32; run++) {
            for (uint256 i = 0; i < 64; i++) {
                uint256 seed = uint256(keccak256(abi.encode(run, i)));
                (bool through, bytes memory reason) = address(_handler)
                    .call(abi.encodeWithSelector(verbs[seed % verbs.length], seed >> 8, uint96(seed >> 160)));
                assertTrue(through, vm.toString(reason));
            }
            for (uint256 v = 0; v < 11; v++) {
                done[v] += _handler.done(v);
            }
            vm.revertToState(fresh);
        }
        for (uint256 v = 0; v < 11; v++) {
            assertGe(done[v], 5, vm.toString(v));
        }
    }

    /// @dev S1
    function invariant_theEtherIsTheBondsAndTheCredits() public view {
        uint256 sum = 0;
        for (uint256 i = 0; i < _handler.SIGNERS(); i++) {
            sum += _bonds.bondOf(_handler.signerAt(i));
        }
        for (uint256 i = 0; i < _handler.ACCUSERS(); i++) {
            sum += _bonds.creditOf(_handler.accuserAt(i));
        }
        assertEq(address(_bonds).balance, sum);
    }

    /// @dev S2
    function invariant_aSlashedKeyNeverHasABond() public view {
        for (uint256 i = 0; i < _handler.SIGNERS(); i++) {
            (, bool slashed,,,,,) = _handler.models(i);
            address signer = _handler.signerAt(i);
            assertEq(_bonds.isSlashed(signer), slashed);
            if (slashed) assertEq(_bonds.bondOf(signer), 0);
        }
    }

    /// @dev S3
    function invariant_everybodyHasWhatIsHisAndIsPaidOnce() public view {
        for (uint256 i = 0; i < _handler.SIGNERS(); i++) {
            (uint256 bond,, uint256 open,,,,) = _handler.models(i);
            assertEq(_bonds.bondOf(_handler.signerAt(i)), bond);
            assertEq(_bonds.openAccusationsOf(_handler.signerAt(i)), open);
        }
        for (uint256 i = 0; i < _handler.ACCUSERS(); i++) {
            assertEq(_bonds.creditOf(_handler.accuserAt(i)), _handler.credits(i));
        }
        assertEq(address(0).balance - _burnedBefore, _handler.burned());
        assertEq(
            _handler.funded(),
            address(_bonds).balance + _handler.burned() + _handler.paid(),
            "all is somewhere"
        );
    }
}
